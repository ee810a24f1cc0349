"""Differences of two predictors on the same prompts, read off rows that the evaluation made of them."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from icl_lab.evaluation.contrasts import METRIC, contrast_run
from icl_lab.evaluation.pairs import pair_label
from icl_lab.report.comparison.data import Comparison
from icl_lab.studies.judging.quantities import Estimate, Quantity, divided, labelled, means, points_of


def paired(
    quantity: Quantity, other: Quantity, seeds: tuple[int, int], parts: Mapping[str, Comparison]
) -> Estimate | None:
    """`quantity - other` of two trainings; none where the rows do not have it, or the points are not the same.

    Args:
        quantity: About one predictor.
        other: About another one.
        seeds: The seeds of their trainings; 0 for a baseline.
        parts: Part -> its comparison with its records.
    """
    comparison = parts.get(quantity.part)
    if comparison is None or not _comparable(quantity, other):
        return None
    rows, sign = _rows(comparison, labelled(quantity, comparison), labelled(other, comparison), seeds)
    rows = rows.filter(pl.col("shown").is_null() if _is_whole(quantity) else pl.col("shown").is_not_null())
    unit = comparison.number("zero_error", "zero", quantity.shift) if quantity.what == "relative error" else 1.0
    if rows.is_empty() or not unit:
        return None
    asked = comparison.rows(comparison.metric, quantity.shift)["shown"].to_numpy()
    found = means(rows, None if _is_whole(quantity) else points_of(quantity, asked))
    sign *= -1 if quantity.what == "accuracy" else 1
    return next((_turned(divided(one, unit), sign) for one in found), None)


def _comparable(quantity: Quantity, other: Quantity) -> bool:
    same = ("part", "what", "first", "last", "shift")
    return quantity.what in ("error", "relative error", "accuracy") and all(
        getattr(quantity, name) == getattr(other, name) for name in same
    )


def _is_whole(quantity: Quantity) -> bool:
    return quantity.first is None and quantity.last is None


def _rows(
    comparison: Comparison, quantity: Quantity, other: Quantity, seeds: tuple[int, int]
) -> tuple[pl.DataFrame, int]:
    """The rows of the pair and the sign that makes them `quantity - other`: each pair is there in one order."""
    rows = comparison.rows(METRIC, quantity.shift)
    there = rows.filter(pl.col("run") == contrast_run(pair_label(quantity.predictor, other.predictor), seeds))
    if len(there):
        return there, 1
    turned = contrast_run(pair_label(other.predictor, quantity.predictor), (seeds[1], seeds[0]))
    return rows.filter(pl.col("run") == turned), -1


def _turned(one: Estimate, sign: int) -> Estimate:
    low, high = np.sort([sign * one.low, sign * one.high])
    return Estimate(one.seed, sign * one.value, float(low), float(high))
