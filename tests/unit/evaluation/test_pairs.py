"""Differences of models are paired: by prompt, and by training seed."""

import numpy as np
import pytest
from scipy import stats

from icl_lab.core.records import Record
from icl_lab.evaluation.curves import Curves, learning_curve
from icl_lab.evaluation.statistics import mean_interval
from icl_lab.tasks.linear_regression import LinearRegression
from tests.unit.evaluation.doubles import Constant, ToyNetwork

TASK = LinearRegression(dim=3, length=9)
EXACT = 1e-9  # the same sums, in float64, in another order


def network(label: str, weight: float) -> ToyNetwork:
    made = ToyNetwork(label)
    made.weight.data.fill_(weight)
    return made


@pytest.fixture(scope="module")
def curves() -> Curves:
    """Two models in three trainings each, the first nearer to zero, and a third in one."""
    weights = {("near", 0): 0.1, ("near", 1): 0.2, ("near", 2): 0.3, ("far", 0): 1.0, ("far", 1): 1.3, ("far", 2): 1.2}
    models = [network(label, weight) for (label, _), weight in weights.items()] + [network("once", 0.5)]
    seeds = [seed for _, seed in weights] + [0]
    return learning_curve(models, TASK, num_prompts=50, seeds=seeds)


def find(records: list[Record], predictor: str, metric: str, shown: int | None = None) -> Record:
    (found,) = [r for r in records if (r.predictor, r.metric, r.shown) == (predictor, metric, shown)]
    return found


def test_every_pair_of_models_is_there_once(curves: Curves) -> None:
    records = curves.records()
    pairs = {record.predictor for record in records if record.metric == "difference_mean"}
    assert pairs == {"near - far", "near - once", "far - once"}
    assert {r.shown for r in records if r.metric == "difference_mean"} == {None, 6, 8}


def test_baselines_and_strangers_are_no_pairs() -> None:
    curves = learning_curve([Constant(0.0, "one")], TASK, num_prompts=5)
    assert not [row for row in curves.records() if row.metric.startswith("difference")]


def test_the_difference_is_that_of_the_mean_errors(curves: Curves) -> None:
    near, far = curves.mean_over_seeds("near"), curves.mean_over_seeds("far")
    whole = find(curves.records(), "near - far", "difference_mean")
    assert whole.value == pytest.approx((near - far).mean(), rel=EXACT)
    end = find(curves.records(), "near - far", "difference_mean", shown=8)
    paired = mean_interval(near - far, curves.weights())
    assert (end.value, end.low, end.high) == pytest.approx(paired.at(8), rel=EXACT)


def test_over_seeds_it_is_students_interval_of_the_differences_seed_by_seed(curves: Curves) -> None:
    row = find(curves.records(), "near - far", "difference_over_seeds")
    pairs = zip(curves.of("near"), curves.of("far"), strict=True)
    differences = [float((one.values - other.values).mean()) for one, other in pairs]
    theirs = stats.ttest_1samp(differences, 0).confidence_interval(0.9)
    assert (row.low, row.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9)  # two t quantiles
    assert not [r for r in curves.records() if r.metric == "difference_over_seeds" and "once" in r.predictor]


def test_a_gap_between_scores_has_an_interval_over_seeds() -> None:
    from icl_lab.baselines.least_squares import LeastSquares

    models = [network("near", 0.1), network("near", 0.2), network("far", 1.0), network("far", 1.3)]
    curves = learning_curve([*models, LeastSquares()], TASK, num_prompts=50, seeds=[0, 1, 0, 1, 0])
    records = curves.records()
    scores = {
        label: np.array([r.value for r in records if (r.predictor, r.metric) == (label, "icl_score")])
        for label in ("near", "far")
    }
    gap = find(records, "far", "score_gap_over_seeds")
    assert gap.value == pytest.approx((scores["near"] - scores["far"]).mean(), rel=EXACT)
    theirs = stats.ttest_1samp(scores["near"] - scores["far"], 0).confidence_interval(0.9)
    assert (gap.low, gap.high) == pytest.approx((theirs.low, theirs.high), rel=1e-9)
