"""What the figures of a study show, read off the records of its parts: errors with their intervals, times to half."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import polars as pl

from icl_lab.report.comparison.data import Comparison

FORWARDS = 3
"""A training step costs as much as so many forward passes: the backward pass counts twice, as is usual."""


@dataclass(frozen=True)
class Point:
    """A number of a predictor.

    Args:
        value: Mean over its trainings.
        low: Lower end of its interval over prompts; NaN where there is none.
        high: Upper end of it.
        trainings: The number in each training.
    """

    value: float
    low: float
    high: float
    trainings: tuple[float, ...]


@dataclass(frozen=True)
class Reached:
    """When the held-out error of a training first was at most half the zero predictor's; infinite where it never was.

    Args:
        steps: Optimiser steps.
        seconds: Seconds of training; NaN where time was not recorded.
        flops: Floating-point operations of training; NaN where a prompt's were not counted.
    """

    steps: float
    seconds: float
    flops: float


def relative_error(
    comparison: Comparison, label: str, shift: str = "", first: int | Literal["last"] = 0
) -> Point | None:
    """Mean error over the prompt, over that of the zero predictor; none where it was not measured.

    The interval is the mean of those of the points and trainings, which is wider than that of the mean.

    Args:
        comparison: With its records.
        label: Of the predictor.
        shift: Change of the prompts.
        first: First point of the learning curve that counts, in examples shown; `"last"` for its last one alone.
    """
    zero = comparison.number("zero_error", "zero", shift)
    rows = comparison.rows(comparison.metric, shift).filter(
        (pl.col("predictor") == label) & pl.col("value").is_not_null()
    )
    rows = rows.filter(pl.col("shown") >= (pl.col("shown").max() if first == "last" else first))
    if not zero or rows.is_empty():
        return None
    each = rows.group_by("seed").agg(pl.col("value", "low", "high").mean() / zero).sort("seed")
    value, low, high = (each[name].cast(pl.Float64).fill_null(float("nan")).mean() for name in ("value", "low", "high"))
    assert isinstance(value, float)
    assert isinstance(low, float)
    assert isinstance(high, float)
    return Point(value, low, high, tuple(each["value"]))


def times_to_half(comparison: Comparison, label: str) -> tuple[Reached, ...]:
    """When each training of a model had lost half of the zero error, in the order of their seeds."""
    zero = comparison.number("zero_error", "zero")
    return tuple(_times_to_half(comparison, label, zero)) if zero else ()


def _times_to_half(comparison: Comparison, label: str, zero: float) -> Iterator[Reached]:
    errors = comparison.rows(f"held_out_{comparison.metric}").filter(pl.col("predictor") == label)
    for seed in errors["seed"].unique().sort():
        mine = pl.col("seed") == seed
        step = errors.filter(mine & (pl.col("value") <= zero / 2))["step"].min()
        if not isinstance(step, int):
            yield Reached(float("inf"), float("inf"), float("inf"))
            continue
        at = mine & (pl.col("predictor") == label) & (pl.col("step") == step)
        seconds = comparison.rows("seconds").filter(at)["value"]
        yield Reached(
            float(step),
            float(seconds[-1]) if len(seconds) else float("nan"),
            step * flops_a_step(comparison, label),
        )


def flops_a_step(comparison: Comparison, label: str) -> float:
    """Floating-point operations of a training step on whole prompts; NaN where they were not counted."""
    flops = comparison.number("flops_per_prompt", label)
    training = next((entry.training for entry in comparison.predictors if entry.label == label), {})
    batch = training.get("batch")
    return FORWARDS * flops * batch if flops is not None and isinstance(batch, int) else float("nan")


def last_step(comparison: Comparison, label: str) -> int:
    """The last optimiser step at which the held-out error was measured; 0 where it never was."""
    rows = comparison.rows(f"held_out_{comparison.metric}").filter(pl.col("predictor") == label)
    last = rows["step"].max()
    return last if isinstance(last, int) else 0
