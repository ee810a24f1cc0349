"""`icl evaluate`: the learning curve of a trained run, beside baselines, on prompts of any length."""

from pathlib import Path
from typing import Annotated

import typer

from icl_lab.baselines.base import BASELINES
from icl_lab.cli.components import Json
from icl_lab.cli.console import print_json, print_table
from icl_lab.cli.options import Device, Threads, use
from icl_lab.cli.settings import names, parse
from icl_lab.core.predictor import Predictor
from icl_lab.evaluation.curves import learning_curve
from icl_lab.training.run import load_run


def evaluate(
    run: Annotated[Path, typer.Argument(help="A run's folder: OUT/runs/<digest>.")],
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="The task at evaluation: length=41, inputs=skewed ..."),
    ] = None,
    baselines: Annotated[str | None, typer.Option(help="Names, with commas; by default the task's own.")] = None,
    prompts: Annotated[int, typer.Option(min=2, help="Held-out prompts.")] = 1280,
    seed: Annotated[int, typer.Option(min=0, help="Of the held-out prompts.")] = 0,
    device: Device = "auto",
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Evaluate a trained run beside baselines on the same held-out prompts; nothing is written.

    \b
      icl evaluate results/first/runs/0123456789ab
      icl evaluate results/first/runs/0123456789ab length=42 inputs=skewed --baselines least_squares
    """  # noqa: D301, D412
    workers = use(device, threads)
    spec, network = load_run(run)
    task = spec.task.override(parse(settings or [], ()).task)
    network.to(workers.device)
    chosen = task.baselines if baselines is None else names(baselines)
    predictors: list[Predictor] = [network, *(BASELINES.get(name)() for name in chosen)]
    frame = learning_curve(predictors, task, prompts, seed, device=workers.device).frame()
    if as_json:
        print_json({"task": task.to_json(), "metric": task.metric, "rows": frame.to_dicts()})
        return
    labels = frame["predictor"].unique(maintain_order=True).to_list()
    wide = frame.pivot(on="predictor", index="shown", values="error")
    rows = [[str(row["shown"]), *(f"{row[label]:.4g}" for label in labels)] for row in wide.iter_rows(named=True)]
    print_table(("examples", *labels), rows, title=f"{task.metric.replace('_', ' ')}, {prompts:,} prompts")
