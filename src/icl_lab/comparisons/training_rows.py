"""The training curve of a run as rows of a comparison: all of it, or as few points as a picture needs."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from icl_lab.core.records import Record, read_records
from icl_lab.training.run import run_folder
from icl_lab.training.spec import RunSpec

POINTS = 60
"""Of a thinned training curve at most; the page averages losses over a sixtieth of the steps anyway."""


def training_rows(run: RunSpec, label: str, out: Path, *, thin: bool = False) -> Iterator[Record]:
    """The training curve of a run under the label that it has in a comparison, and its time in all.

    Args:
        run: The run.
        label: Of its network.
        out: Where its folder is, as `run_folder` takes it.
        thin: Keep losses, seconds and held-out errors only, at `POINTS` steps at most.
    """
    rows = read_records(run_folder(out, run) / "records.jsonl")
    seconds = rows.filter(pl.col("metric") == "seconds")["value"]
    for row in (thinned(rows, f"held_out_{run.task.metric}") if thin else rows).iter_rows(named=True):
        yield Record(**(row | {"predictor": label}))
    if len(seconds):
        yield Record(
            run=run.digest(),
            predictor=label,
            task=run.task.spec_name(),
            metric="training_seconds",
            value=float(seconds[-1]),
            seed=run.seed,
        )


def thinned(rows: pl.DataFrame, held_out: str) -> pl.DataFrame:
    """A training curve at `POINTS` steps at most, those with a held-out error first among them.

    A loss is the mean of those recorded since the point before; other numbers are those of the point itself.

    Args:
        rows: Of one training, in the order of steps.
        held_out: The metric of its held-out errors.
    """
    if rows.is_empty():
        return rows
    points = _points(rows, held_out)
    losses = rows.filter(pl.col("metric") == "loss")
    ends = points[points.searchsorted(losses["step"].to_numpy())]
    last = pl.exclude("value", "step").last()
    losses = losses.with_columns(step=ends).group_by("step", maintain_order=True).agg(pl.col("value").mean(), last)
    others = rows.filter(pl.col("metric").is_in(["seconds", held_out]) & pl.col("step").is_in(points.tolist()))
    return pl.concat([losses.select(rows.columns), others]).sort("step", maintain_order=True)


def _points(rows: pl.DataFrame, held_out: str) -> np.ndarray:
    measured = _evenly(_steps(rows, held_out), POINTS - 1)  # one is for the last step, wherever errors end
    recorded = _steps(rows, "loss")
    return np.union1d(measured, _evenly(recorded, max(1, POINTS - len(measured))))


def _steps(rows: pl.DataFrame, metric: str) -> np.ndarray:
    return rows.filter(pl.col("metric") == metric)["step"].to_numpy()


def _evenly(steps: np.ndarray, most: int) -> np.ndarray:
    """Some of the steps, as far apart as can be, the last one always."""
    if len(steps) <= most:
        return steps
    return steps[np.linspace(len(steps) - 1, 0, most, endpoint=most > 1).round().astype(int)[::-1]]
