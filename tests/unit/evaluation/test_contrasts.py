"""Differences of two predictors are those of their errors, prompt by prompt, training by training."""

import numpy as np
import pytest

from icl_lab.evaluation.contrasts import METRIC, contrast_rows, contrast_run
from icl_lab.evaluation.curves import Curves, learning_curve
from icl_lab.tasks.linear_regression import LinearRegression
from tests.unit.evaluation.doubles import Constant, ToyNetwork
from tests.unit.evaluation.test_pairs import EXACT, network

TASK = LinearRegression(dim=3, length=9)


@pytest.fixture(scope="module")
def curves() -> Curves:
    models = [network("near", 0.1), network("near", 0.2), network("once", 0.5)]
    return learning_curve([*models, Constant(0.3, "one"), Constant(0.4, "two")], TASK, 50, seeds=[0, 1, 0, 0, 0])


def test_every_pair_with_a_model_is_there_and_no_pair_without(curves: Curves) -> None:
    rows = list(contrast_rows(curves))
    models = {label for label in curves.labels if curves.of(label)[0].kind == "model"}
    pairs = {tuple(row.predictor.split(" - ")) for row in rows}
    assert pairs == {
        (one, other)
        for place, one in enumerate(curves.labels)
        for other in curves.labels[place + 1 :]
        if {one, other} & models
    }


def test_the_rows_are_mean_differences_and_their_intervals_hold_them(curves: Curves) -> None:
    rows = [row for row in contrast_rows(curves) if row.predictor == "near - once"]
    assert {row.metric for row in rows} == {METRIC}
    assert {row.seed for row in rows} == {0, 1}  # the single training stands against both
    for row in rows:
        near = next(one for one in curves.of("near") if one.seed == row.seed)
        gap = near.filled - curves.of("once")[0].filled
        expected = gap.mean() if row.shown is None else gap[:, row.shown].mean()
        assert row.value == pytest.approx(expected, rel=EXACT)
        assert row.low is not None
        assert row.high is not None
        assert row.low <= row.value <= row.high


def test_each_training_of_the_one_stands_beside_each_of_the_other() -> None:
    models = [network(name, weight) for name in ("a", "b") for weight in (0.1, 0.2)]
    curves = learning_curve(models, TASK, 20, seeds=[0, 1, 0, 1])
    runs = {row.run for row in contrast_rows(curves)}
    assert runs == {contrast_run("a - b", (one, other)) for one in (0, 1) for other in (0, 1)}


def test_on_the_same_prompts_a_difference_is_known_better_than_an_error() -> None:
    alike = [ToyNetwork("a"), ToyNetwork("b")]
    alike[1].weight.data += 1e-3
    curves = learning_curve(alike, TASK, 50)
    (whole,) = [row for row in contrast_rows(curves) if row.shown is None]
    errors = curves.of("a")[0].filled.mean(axis=1)
    assert whole.high - whole.low < 0.1 * errors.std() / np.sqrt(len(errors))
