"""Quantities: the numbers that claims speak of, read off the rows of a study, one estimate for each training."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl
from jaxtyping import Float, Int

from icl_lab.core.errors import UserError
from icl_lab.report.comparison.data import Comparison
from icl_lab.report.study.figures.base import named

What = Literal[
    "error",
    "relative error",
    "accuracy",
    "score",
    "steps to half",
    "late fall",
    "FLOPs a prompt",
    "read-out of the last block",
    "scale of the last block",
    "shift of the last block",
    "decades over depth",
    "straightness over depth",
    "steepest quarter",
    "flat depth",
]
"""`error`: in the unit of the task's metric. `relative error`: over the zero predictor's. `accuracy`: 1 - error.
`score`: the ICL regression score, 1 for the best baseline. `steps to half`: optimiser steps until the held-out error
is at most half the zero predictor's, which is looked at from time to time only: the interval is from the look before.
`late fall`: which part of the held-out error went in the last third of the training, 0 where it has stopped falling.
`FLOPs a prompt`: of the forward pass.

The others are of what is read off the blocks of a network (`probing/examination/depth.py`): the error of the last
block's read-out in the unit of the task's metric, scale and shift that it needs, by how many powers of ten the error
falls from the first block to the last, how straight its logarithm falls, what part of these powers of ten falls within
a quarter of the depth, up to which depth it is flat."""

INSIDE: dict[str, str] = {
    "read-out of the last block": "layer_error",
    "scale of the last block": "layer_scale",
    "shift of the last block": "layer_shift",
    "decades over depth": "layer_decades",
    "straightness over depth": "layer_straightness",
    "steepest quarter": "layer_steepest_quarter",
    "flat depth": "layer_flat_until",
}
"""Quantities inside a network -> the metric of their rows."""


@dataclass(frozen=True)
class Estimate:
    """A number of one training, with its interval over prompts (NaN ends where none could be had).

    Args:
        seed: Training seed; 0 for a baseline.
        value: The number.
        low: Lower end of its interval.
        high: Upper end of its interval.
    """

    seed: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A number about one predictor in one part of a study.

    Args:
        part: Name of the part.
        predictor: Label of the model or baseline, or its name where settings differ from part to part.
        what: Which number.
        first: First point of the learning curve that counts, in examples shown; the first there is by default.
        last: Last point that counts; the last there is by default. Between the two the mean is taken.
        shift: Change of the prompts, as records name it: `"orthants"`, `"length=500"`.
        over: For a score, the predictor whose score is 1; the best baseline by default.
    """

    part: str
    predictor: str
    what: What = "relative error"
    first: int | None = None
    last: int | None = None
    shift: str = ""
    over: str = ""

    def __post_init__(self) -> None:
        if self.first is not None and self.last is not None and self.first > self.last:
            raise UserError(f"quantity: expected first <= last, got {self.first} and {self.last}")

    @property
    def words(self) -> str:
        """The quantity as a claim says it."""
        if self.what in ("score", "steps to half", "late fall", "FLOPs a prompt"):
            where = ""
        elif self.first is None and self.last is None:
            where = " over the whole prompt"
        elif self.first == self.last:
            where = f" after {self.first} examples"
        elif self.last is None:
            where = f" after {self.first} or more examples"
        else:
            where = f" after {self.first or 0} to {self.last} examples"
        shift = f" under {self.shift}" if self.shift else ""
        over = f" over {self.over}" if self.over else ""
        return f"{self.what}{over} of {self.predictor} on {self.part}{where}{shift}"


def measure(quantity: Quantity, parts: Mapping[str, Comparison]) -> tuple[Estimate, ...]:
    """One estimate for each training of the predictor; none where it was not measured.

    The interval of a mean over points is the mean of the intervals at the points, which is wider than its own. A
    baseline that was asked at some points only has a straight line between them, as on the page.

    Args:
        quantity: What is asked.
        parts: Part -> its comparison with its records; parts that were not run yet are missing.
    """
    comparison = parts.get(quantity.part)
    if comparison is None:
        return ()
    quantity = labelled(quantity, comparison)
    if quantity.what == "score" and quantity.over:
        return _score_over(quantity, parts)
    if quantity.what == "score":
        rows = comparison.rows("icl_score", quantity.shift).filter(pl.col("predictor") == quantity.predictor)
        return means(rows, None)
    if quantity.what == "steps to half":
        return _steps_to_half(quantity, comparison)
    if quantity.what == "late fall":
        return _late_fall(quantity, comparison)
    if quantity.what in INSIDE:
        return _inside(quantity, comparison)
    if quantity.what == "FLOPs a prompt":
        flops = comparison.number("flops_per_prompt", quantity.predictor)
        return () if flops is None else (Estimate(0, flops, flops, flops),)
    rows = comparison.rows(comparison.metric, quantity.shift)
    where = points_of(quantity, rows["shown"].to_numpy())
    estimates = means(rows.filter(pl.col("predictor") == quantity.predictor), where)
    if quantity.what == "accuracy":
        return tuple(complement(one) for one in estimates)
    if quantity.what == "relative error":
        zero = comparison.number("zero_error", "zero", quantity.shift)
        return tuple(divided(one, zero) for one in estimates) if zero else ()
    return estimates


def labelled(quantity: Quantity, comparison: Comparison) -> Quantity:
    """The quantity with the label that its predictor has in a comparison."""
    label = named(quantity.predictor, (entry.label for entry in comparison.predictors))
    return replace(quantity, predictor=label or quantity.predictor)


def _score_over(quantity: Quantity, parts: Mapping[str, Comparison]) -> tuple[Estimate, ...]:
    """Campbell et al.'s score: the gain over the zero predictor, over the mean gain of another predictor."""
    gains = [
        measure(Quantity(part=quantity.part, predictor=predictor, shift=quantity.shift), parts)
        for predictor in (quantity.predictor, quantity.over)
    ]
    if not gains[1]:
        return ()
    whole = 1 - sum(one.value for one in gains[1]) / len(gains[1])
    return tuple(divided(complement(one), whole) for one in gains[0]) if whole > 0 else ()


def _inside(quantity: Quantity, comparison: Comparison) -> tuple[Estimate, ...]:
    """What was read off the blocks, after the most examples within the quantity's points; of blocks, the last."""
    rows = comparison.rows(INSIDE[quantity.what]).filter(pl.col("predictor") == quantity.predictor)
    where = points_of(quantity, rows["shown"].to_numpy())
    if not len(where):
        return ()
    rows = rows.filter(pl.col("shown") == int(where[-1]))
    if quantity.what.endswith("of the last block"):
        rows = rows.filter(pl.col("block") == pl.col("block").max().over("seed"))
    return means(rows, None)


def complement(one: Estimate) -> Estimate:
    """1 - a number, the ends of its interval in order."""
    return Estimate(one.seed, 1 - one.value, 1 - one.high, 1 - one.low)


def points_of(quantity: Quantity, shown: Int[np.ndarray, " rows"]) -> Int[np.ndarray, " points"]:
    """The points of a learning curve that a quantity is about, of those at which anybody was asked."""
    first = -math.inf if quantity.first is None else quantity.first
    last = math.inf if quantity.last is None else quantity.last
    there = np.unique(shown)
    return there[(there >= first) & (there <= last)]


def means(rows: pl.DataFrame, where: Int[np.ndarray, " points"] | None) -> tuple[Estimate, ...]:
    """The mean of rows over points, training by training, on straight lines between the points that have rows.

    Args:
        rows: Of one predictor and metric.
        where: The points; none for rows that belong to no point.
    """
    found = []
    for (seed,), curve in sorted(rows.group_by("seed"), key=lambda item: item[0]):
        ordered = curve.sort("shown")
        known = ordered["shown"].to_numpy() if where is not None else np.zeros(len(ordered))
        places = where if where is not None else np.zeros(1)
        if not len(places) or not known.min() <= places.min() <= places.max() <= known.max():
            continue  # the predictor was not asked there
        ends = [_floats(ordered[name]) for name in ("value", "low", "high")]
        # A number that is not finite is no row's value: the error there is beyond all bounds.
        if np.isnan(np.interp(places, known, ends[0])).any():
            found.append(Estimate(int(seed), math.inf, math.inf, math.inf))
            continue
        found.append(Estimate(int(seed), *(float(np.interp(places, known, end).mean()) for end in ends)))
    return tuple(found)


def _floats(column: pl.Series) -> Float[np.ndarray, " rows"]:
    return column.cast(pl.Float64).fill_null(math.nan).to_numpy()


def divided(one: Estimate, by: float) -> Estimate:
    """A number in another unit, which is positive."""
    return Estimate(one.seed, one.value / by, one.low / by, one.high / by)


def _steps_to_half(quantity: Quantity, comparison: Comparison) -> tuple[Estimate, ...]:
    """Steps until the held-out error is at most half the zero predictor's; infinite for a training that never is.

    The value is the step of the first look that finds it there; it may have been since the look before.
    """
    zero = comparison.number("zero_error", "zero")
    if not zero:
        return ()
    found = []
    for seed, steps, errors in _held_out(quantity, comparison):
        first = float(min(steps[errors <= zero / 2], default=math.inf))
        before = float(max(steps[steps < first], default=0)) if math.isfinite(first) else first
        found.append(Estimate(seed, first, before, first))
    return tuple(found)


def _late_fall(quantity: Quantity, comparison: Comparison) -> tuple[Estimate, ...]:
    """1 - the held-out error at the end over that at the last look in the first two thirds of the training."""
    found = []
    for seed, steps, errors in _held_out(quantity, comparison):
        before = errors[steps <= 2 / 3 * steps[-1]]
        if len(before) and before[-1] > 0:
            fall = float(1 - errors[-1] / before[-1])
            found.append(Estimate(seed, fall, fall, fall))
    return tuple(found)


def _held_out(
    quantity: Quantity, comparison: Comparison
) -> Iterator[tuple[int, Int[np.ndarray, " looks"], Float[np.ndarray, " looks"]]]:
    """The error on held-out prompts during each training: its seed, the steps in order, the errors."""
    rows = comparison.rows(f"held_out_{comparison.metric}").filter(pl.col("predictor") == quantity.predictor)
    for (seed,), curve in sorted(rows.group_by("seed"), key=lambda item: item[0]):
        ordered = curve.sort("step")
        yield int(seed), ordered["step"].to_numpy(), _floats(ordered["value"])
