"""`icl train`: one model on one task, in a folder that resumes."""

from pathlib import Path
from typing import Annotated

import typer

from icl_lab.cli.comparison_settings import entries_at, model_parts, task_at
from icl_lab.cli.components import Json
from icl_lab.cli.console import print_json, progress, results
from icl_lab.cli.options import Device, ScaleOption, Threads, use
from icl_lab.cli.settings import parse
from icl_lab.training.observers.live import LiveDisplay
from icl_lab.training.run import run_folder, train_run
from icl_lab.training.spec import RunSpec


def train(
    task: Annotated[str, typer.Argument(help="A task from `icl list task`.")],
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="dim=5, model.d_model=32, training.batch=32"),
    ] = None,
    model: Annotated[
        str, typer.Option(help='A name from `icl list model`, or a pattern of blocks: "mamba (attention mamba)*2".')
    ] = "mambaformer",
    scale: ScaleOption = "small",
    seed: Annotated[int, typer.Option(min=0, help="Of weights, prompts and dropout.")] = 0,
    out: Annotated[Path, typer.Option(help="The run goes to OUT/runs/<digest>.")] = Path("results/comparison"),
    device: Device = "auto",
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Train one model on a task; a run that was interrupted goes on, a finished one is left alone.

    \b
      icl train linear_regression dim=5 length=21 --model mamba --out results/first
      icl train decision_tree training.budget.amount=500 --model s4 --seed 1 --out results/trees
    """  # noqa: D301, D412
    workers = use(device, threads)
    parsed = parse(settings or [], model_parts((model,)))
    chosen = task_at(task, parsed)
    (entry,) = entries_at(chosen, (model,), parsed, scale)
    spec = RunSpec(task=chosen, model=entry.model, training=entry.training, seed=seed)
    folder = run_folder(out, spec)
    train_run(spec, folder, [LiveDisplay(progress(), model)], workers)
    if not workers.is_main:
        return
    if as_json:
        print_json({"run": spec.digest(), "folder": str(folder), "spec": spec.to_json()})
    else:
        results().print(f"run: {folder}", markup=False, soft_wrap=True)
