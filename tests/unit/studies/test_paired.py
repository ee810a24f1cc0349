"""Statements about two predictors are decided on the same prompts where the rows have that."""

from dataclasses import replace

import polars as pl
import pytest

from icl_lab.core.records import SCHEMA
from icl_lab.evaluation.contrasts import contrast_run
from icl_lab.report.comparison.data import Comparison
from icl_lab.studies.judging.gaps import gaps
from icl_lab.studies.judging.inequalities import Below, Near
from icl_lab.studies.judging.paired import paired
from icl_lab.studies.judging.quantities import Quantity, measure

from .found_rows import part, sharp

A, B = (Quantity(part="p", predictor=name, what="relative error") for name in "ab")
WIDE = [[(1.0, 0.5, 1.5), (1.0, 0.5, 1.5), (1.0, 0.5, 1.5)]]


def with_difference(
    comparison: Comparison, *points: tuple[int | None, float], seeds: tuple[int, int] = (0, 0)
) -> Comparison:
    run = contrast_run("a - b", seeds)
    rows = [
        dict.fromkeys(SCHEMA)
        | {"run": run, "predictor": "a - b", "task": "t", "metric": "paired_difference", "seed": 0, "shift": ""}
        | {"shown": shown, "value": value, "low": value - 0.01, "high": value + 0.01}
        for shown, value in points
    ]
    return replace(comparison, records=pl.concat([comparison.records, pl.DataFrame(rows, schema=SCHEMA)]))


def test_the_paired_interval_decides_what_two_wide_ones_cannot() -> None:
    apart = part({"a": WIDE, "b": WIDE}, zero=2.0, baselines=("a", "b"))
    near = Near(quantity=A, other=B, within=0.1)
    assert near.judge({"p": apart}).outcome == "undecided"
    assert near.judge({"p": with_difference(apart, (None, 0.04))}).outcome == "holds"


def test_the_other_order_has_the_other_sign_and_the_unit_is_the_zero_error() -> None:
    rows = {"p": with_difference(part({"a": WIDE, "b": WIDE}, zero=2.0, baselines=("a", "b")), (None, 0.4))}
    there, back = paired(A, B, (0, 0), rows), paired(B, A, (0, 0), rows)
    assert there is not None
    assert back is not None
    assert (there.value, back.value) == pytest.approx((0.2, -0.2))
    assert (back.low, back.high) == pytest.approx((-0.205, -0.195))
    accuracies = [replace(quantity, what="accuracy") for quantity in (A, B)]
    accuracy = paired(*accuracies, (0, 0), rows)
    assert accuracy is not None
    assert accuracy.value == pytest.approx(-0.4)
    assert Below(quantity=B, other=A).judge(rows).outcome == "holds"


def test_between_the_points_that_were_asked_is_a_straight_line() -> None:
    rows = {"p": with_difference(part({"a": WIDE, "b": WIDE}), (0, 0.0), (2, 0.4))}
    first, last = (replace(quantity, first=1, last=2) for quantity in (A, B))
    mean = paired(first, last, (0, 0), rows)
    assert mean is not None
    assert mean.value == pytest.approx((0.2 + 0.4) / 2)


def test_each_pair_of_trainings_has_a_difference_of_its_own() -> None:
    twice = part({"a": WIDE * 2, "b": WIDE * 2})
    rows = {"p": with_difference(with_difference(twice, (None, 0.4), seeds=(0, 1)), (None, 0.7), seeds=(1, 0))}
    asked = {seeds: paired(A, B, seeds, rows) for seeds in ((0, 1), (1, 0), (1, 1))}
    assert {seeds: one and one.value for seeds, one in asked.items()} == {(0, 1): 0.4, (1, 0): 0.7, (1, 1): None}
    turned = paired(B, A, (1, 0), rows)
    assert turned is not None
    assert turned.value == -0.4
    # The pairs without rows are as wide as two errors apart.
    widths = sorted(round(gap.high - gap.low, 2) for gap in gaps(A, B, rows))
    assert widths == [0.02, 0.02, 1.41, 1.41]


def test_a_baseline_asked_at_some_points_has_a_straight_line_too() -> None:
    rows = {"p": part({"a": [sharp(4, 3, 2, 1, 0)], "b": [sharp(4, 3, 2, 1, 0)]})}
    thinned = rows["p"].records.filter((pl.col("predictor") != "b") | pl.col("shown").is_in([0, 1, 4]))
    (one,) = measure(replace(B, what="error"), {"p": replace(rows["p"], records=thinned)})
    assert one.value == pytest.approx(2.0)


def test_an_error_that_was_not_finite_is_beyond_all_bounds() -> None:
    broken = part({"a": [[(1.0, 1.0, 1.0), (float("nan"), float("nan"), float("nan"))]]})
    records = broken.records.with_columns(pl.col("value").fill_nan(None))
    (one,) = measure(A, {"p": replace(broken, records=records)})
    assert one.value == float("inf")
