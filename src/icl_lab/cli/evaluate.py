"""`icl evaluate`: the learning curve of a trained run, beside baselines, on prompts of any length."""

import math
from pathlib import Path
from typing import Annotated, Any

import typer

from icl_lab.cli.compare import shifts_at
from icl_lab.cli.components import Json
from icl_lab.cli.console import print_json, print_table, results
from icl_lab.cli.options import Device, Threads, use
from icl_lab.cli.settings import baselines_at, names, parse
from icl_lab.core.errors import UserError
from icl_lab.core.predictor import Predictor
from icl_lab.evaluation.curves import learning_curve
from icl_lab.report.words import Measure
from icl_lab.training.run import load_run


def evaluate(
    run: Annotated[Path, typer.Argument(help="A run's folder: OUT/runs/<digest>.")],
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="The task at evaluation: length=41, inputs=skewed ..."),
    ] = None,
    baselines: Annotated[str | None, typer.Option(help="Names, with commas; by default the task's own.")] = None,
    shift: Annotated[
        str,
        typer.Option(help="A change of the prompts from `icl list shift`, with settings: scaled_inputs(scale=2)"),
    ] = "",
    prompts: Annotated[int, typer.Option(min=2, help="Held-out prompts.")] = 1280,
    seed: Annotated[int, typer.Option(min=0, help="Of the held-out prompts.")] = 0,
    device: Device = "auto",
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Evaluate a trained run beside baselines on the same held-out prompts; nothing is written.

    \b
      icl evaluate results/first/runs/0123456789ab --shift "noisy_labels(std=0.5)"
      icl evaluate results/first/runs/0123456789ab length=42 inputs=skewed --baselines least_squares
    """  # noqa: D301, D412
    workers = use(device, threads)
    spec, network = load_run(run)
    task = spec.task.override(parse(settings or [], ()).task)
    network.to(workers.device)
    chosen = task.baselines if baselines is None else names(baselines)
    predictors: list[Predictor] = [network, *baselines_at(task, chosen)]
    shifts = shifts_at(task, shift)
    if len(shifts) > 1:
        raise UserError(f"--shift: expected one shift, got {', '.join(one.short() for one in shifts)}")
    evaluated = shifts[0].shifted(task) if shifts else task
    name = shifts[0].short() if shifts else ""
    curves = learning_curve(predictors, evaluated, prompts, seed, device=workers.device, shift=name)
    frame = curves.frame()
    if as_json:
        rows = [{key: _finite(value) for key, value in row.items()} for row in frame.to_dicts()]
        found = {"task": evaluated.to_json(), "shift": name, "metric": task.metric, "rows": rows}
        print_json(found | {"refused": dict(curves.refused)})
        return
    for label, reason in curves.refused.items():
        results().print(f"{label} cannot read these prompts: {reason}", markup=False)
    if frame.is_empty():
        return
    labels = frame["predictor"].unique(maintain_order=True).to_list()
    wide = frame.pivot(on="predictor", index="shown", values="error")
    cells = ([str(row["shown"]), *(_text(row[label]) for label in labels)] for row in wide.iter_rows(named=True))
    title = f"{Measure(task.metric, task.objective.complement).words}, {prompts:,} prompts"
    print_table(("examples", *labels), cells, title=f"{title}, {name}" if name else title)


def _text(error: float | None) -> str:
    """An error, or a dash where the predictor was not asked."""
    return "-" if error is None else f"{error:.4g}"


def _finite(value: Any) -> Any:
    """JSON has no word for what is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
