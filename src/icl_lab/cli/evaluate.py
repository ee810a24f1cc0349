"""`icl evaluate`: the learning curve of a trained run, beside baselines, on prompts of any length."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from icl_lab.cli.comparison_settings import shifts_at
from icl_lab.cli.components import Json
from icl_lab.cli.console import print_json, results
from icl_lab.cli.options import Device, Threads, use
from icl_lab.cli.settings import baselines_at, baselines_of, names, parse
from icl_lab.core.errors import UserError
from icl_lab.core.predictor import Predictor
from icl_lab.evaluation.curves import Curves, learning_curve
from icl_lab.report.comparison.drawn import no_interval_words
from icl_lab.report.estimate import Estimate
from icl_lab.report.grid import Grid, column
from icl_lab.report.labels import shortened
from icl_lab.report.words import Measure
from icl_lab.shipped.finding import run_at
from icl_lab.tasks.base import Task
from icl_lab.training.run import load_run


def evaluate(
    run: Annotated[Path, typer.Argument(help="A run's folder, OUT/runs/<digest>, or a name from `icl list trained`.")],
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
    every: Annotated[bool, typer.Option("--all", help="Every point of the curve, not milestones only.")] = False,
    as_json: Json = False,
) -> None:
    """Evaluate a trained run beside baselines on the same held-out prompts; nothing is written.

    \b
      icl evaluate linear_regression/mamba
      icl evaluate results/first/runs/0123456789ab --shift "noisy_labels(std=0.5)"
      icl evaluate results/first/runs/0123456789ab length=42 inputs=skewed --baselines least_squares
    """  # noqa: D301, D412
    workers = use(device, threads)
    spec, network = load_run(run_at(run))
    task = spec.task.override(parse(settings or [], ()).task)
    network.to(workers.device)
    chosen = baselines_of(task) if baselines is None else names(baselines)
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
    measure = Measure(task.metric, task.objective.complement, task.axis)
    results().print(_table(curves, measure, spec.task, every=every))
    if curves.num_draws == 1:
        results().print(no_interval_words([curves.shift]), markup=False)
    asked = frame["shown"].n_unique()
    if not every and asked > len(_marks(curves, spec.task)):
        results().print(f"{asked} points of the curve are asked; --all prints them all")


def _table(curves: Curves, measure: Measure, trained: Task, *, every: bool) -> Grid:
    """Mean errors with their intervals: at the milestones, or wherever something is asked."""
    rows = {(row["predictor"], row["shown"]): row for row in curves.frame().iter_rows(named=True)}
    marks = sorted({shown for _, shown in rows}) if every else _marks(curves, trained)
    short = shortened(curves.labels)
    columns = [
        column(short[label], (_estimate(rows.get((label, shown))) for shown in marks)) for label in curves.labels
    ]
    title = f"{measure.words}, {curves.num_prompts:,} prompts, 90% intervals"
    names = (column(measure.short_at(0).split()[0], marks),)
    return Grid(f"{title}, {curves.shift}" if curves.shift else title, names, tuple(columns))


def _marks(curves: Curves, trained: Task) -> list[int]:
    """The milestones of these prompts and, where they are longer than those of training, the end of the latter."""
    asked = set(curves.frame()["shown"])
    return sorted({*curves.milestones, trained.length - 1} & asked)


def _estimate(row: Mapping[str, Any] | None) -> Estimate | str:
    """An error with its interval, or a dash where the predictor was not asked."""
    return "-" if row is None else Estimate(row["error"], row["low"], row["high"])


def _finite(value: Any) -> Any:
    """JSON has no word for what is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
