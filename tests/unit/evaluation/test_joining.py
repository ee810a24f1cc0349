"""Rows of two occasions put together say what one occasion would have said."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import polars as pl
import pytest

from icl_lab.baselines.averaging import Averaging
from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.core.predictor import Predictor
from icl_lab.core.records import SCHEMA, Record
from icl_lab.core.specs import digest
from icl_lab.evaluation.contrasts import contrast_rows
from icl_lab.evaluation.curves import Curves, learning_curve
from icl_lab.evaluation.joining.joined import joined_rows
from icl_lab.evaluation.joining.trainings import Trainings
from icl_lab.evaluation.shifts import shifted_curve
from icl_lab.tasks.base import Task
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.shifts.repeated_queries import RepeatedQueries
from icl_lab.tasks.shifts.scaled_inputs import ScaledInputs
from icl_lab.tasks.sparse_parity import SparseParity
from tests.unit.evaluation.doubles import Constant

EXACT = 1e-9  # the same sums, in float64, in another order

TASKS = (LinearRegression(dim=3, length=9), SparseParity(dim=4, length=9))
FIRST = (("silent", 0, 0.0), ("one", 0, 0.3), ("other", 0, 0.9), ("elder", 0, 1.4), ("elder", 1, 1.5))
SECOND = (("one", 1, 1.3), ("other", 1, 0.7), ("other", 2, 0.8), ("young", 0, 0.2), ("young", 1, 0.1))

Trained = tuple[str, int, float]
"""Label, training seed, and what it always says."""


def in_order(trained: Sequence[Trained]) -> list[Trained]:
    """As a comparison has them: seed by seed, the models in their order."""
    labels = ("silent", "one", "other", "elder", "young")
    return sorted(trained, key=lambda one: (one[1], labels.index(one[0])))


def run_of(label: str, seed: int) -> str:
    return digest([label, seed])


def measured(task: Task, trained: Sequence[Trained]) -> tuple[list[Curves], list[Record]]:
    """Everything that is reported of some trainings and two baselines, with one shift."""
    baselines: tuple[Predictor, ...] = (Averaging(), LeastSquares()) if task.metric.startswith("squared") else ()
    predictors = [*(Constant(value, label) for label, _, value in trained), *baselines]
    seeds = [seed for _, seed, _ in trained] + [0] * len(baselines)
    shift = RepeatedQueries() if isinstance(task, SparseParity) else ScaledInputs(scale=2.0)
    curves = [
        learning_curve(predictors, task, 60, seeds=seeds),
        shifted_curve(predictors, task, shift, 60, seeds=seeds),
    ]
    digests = {(label, seed): run_of(label, seed) for label, seed, _ in trained}
    rows = [row for one in curves for row in [*one.records(digests), *contrast_rows(one)]]
    cost = [Record(run=run_of(label, seed), predictor=label, task="", metric="loss", value=value, seed=seed, step=1)
            for label, seed, value in trained]  # fmt: skip
    return curves, rows + cost


def by_name(rows: Sequence[Record]) -> dict[tuple, Record]:
    named = {(row.run, row.predictor, row.metric, row.shown, row.seed, row.shift): row for row in rows}
    assert len(named) == len(rows)
    return named


def joined(task: Task) -> list[Record]:
    _, earlier = measured(task, in_order(FIRST))
    curves, now = measured(task, in_order(SECOND))
    runs: dict[str, dict[int, str]] = {}
    for label, seed, _ in in_order([*FIRST, *SECOND]):
        runs.setdefault(label, {})[seed] = run_of(label, seed)
    here = frozenset(run_of(label, seed) for label, seed, _ in SECOND)
    held = pl.DataFrame([asdict(row) for row in earlier], schema=SCHEMA)
    return joined_rows(curves, now, held, Trainings(runs, here))


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.spec_name())
def test_two_occasions_say_what_one_would_have_said(task: Task) -> None:
    found = by_name(joined(task))
    whole = by_name(measured(task, in_order([*FIRST, *SECOND]))[1])
    assert found.keys() == whole.keys()
    for name, row in whole.items():
        if row.value is not None:
            assert found[name].value == pytest.approx(row.value, rel=EXACT, abs=EXACT), name


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.spec_name())
def test_no_interval_is_narrower_than_it_would_have_been(task: Task) -> None:
    found = by_name(joined(task))
    grain = 1 / 60 if task.objective.complement else 0.0  # shares of 60 prompts: an end falls on one prompt or the next
    for name, row in by_name(measured(task, in_order([*FIRST, *SECOND]))[1]).items():
        if row.low is None or row.high is None or not np.isfinite([row.low, row.high]).all():
            continue
        # Percentiles of 1,000 resamples: two of them are within a few hundredths of their interval's length.
        slack = 0.05 * (row.high - row.low) + grain + EXACT
        assert found[name].low <= row.low + slack, name
        assert found[name].high >= row.high - slack, name
