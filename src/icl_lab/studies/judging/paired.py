"""Differences of two predictors on the same prompts, read off rows that the evaluation made of them."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from icl_lab.evaluation.contrasts import METRIC
from icl_lab.evaluation.pairs import pair_label
from icl_lab.report.comparison.data import Comparison
from icl_lab.studies.judging.quantities import Estimate, Quantity, divided, labelled, means, points_of


def paired(quantity: Quantity, other: Quantity, parts: Mapping[str, Comparison]) -> tuple[Estimate, ...]:
    """`quantity - other`, one estimate for each training; none where the two are not about the same prompts and points.

    Args:
        quantity: About one predictor.
        other: About another one.
        parts: Part -> its comparison with its records.
    """
    comparison = parts.get(quantity.part)
    if comparison is None or not _comparable(quantity, other):
        return ()
    rows, sign = _rows(comparison, labelled(quantity, comparison), labelled(other, comparison))
    rows = rows.filter(pl.col("shown").is_null() if _is_whole(quantity) else pl.col("shown").is_not_null())
    if rows.is_empty():
        return ()
    asked = comparison.rows(comparison.metric, quantity.shift)["shown"].to_numpy()
    found = means(rows, None if _is_whole(quantity) else points_of(quantity, asked))
    unit = comparison.number("zero_error", "zero", quantity.shift) if quantity.what == "relative error" else 1.0
    if not unit:
        return ()
    sign *= -1 if quantity.what == "accuracy" else 1
    return tuple(_turned(divided(one, unit), sign) for one in found)


def _comparable(quantity: Quantity, other: Quantity) -> bool:
    same = ("part", "what", "first", "last", "shift")
    return quantity.what in ("error", "relative error", "accuracy") and all(
        getattr(quantity, name) == getattr(other, name) for name in same
    )


def _is_whole(quantity: Quantity) -> bool:
    return quantity.first is None and quantity.last is None


def _rows(comparison: Comparison, quantity: Quantity, other: Quantity) -> tuple[pl.DataFrame, int]:
    """The rows of the pair and the sign that makes them `quantity - other`: each pair is there in one order."""
    rows = comparison.rows(METRIC, quantity.shift)
    there = rows.filter(pl.col("predictor") == pair_label(quantity.predictor, other.predictor))
    if len(there):
        return there, 1
    return rows.filter(pl.col("predictor") == pair_label(other.predictor, quantity.predictor)), -1


def _turned(one: Estimate, sign: int) -> Estimate:
    low, high = np.sort([sign * one.low, sign * one.high])
    return Estimate(one.seed, sign * one.value, float(low), float(high))
