from dataclasses import dataclass

import numpy as np
import pytest

from icl_lab.baselines.averaging import Averaging
from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.core.records import Record
from icl_lab.evaluation.curves import Curves, learning_curve
from icl_lab.evaluation.points import milestones
from icl_lab.evaluation.scores import best_baseline, leading_model
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.parts.objectives import Objective, Sign
from tests.unit.evaluation.doubles import Constant

TASK = LinearRegression(dim=3, length=9)
EXACT = 1e-9  # the same sums, in float64, in another order


@pytest.fixture(scope="module")
def curves() -> Curves:
    models = [Constant(0.0, "silent"), Constant(1.0, "one"), Constant(1.2, "one")]
    predictors = [*models, Averaging(), LeastSquares()]
    return learning_curve(predictors, TASK, num_prompts=60, seeds=[0, 0, 1, 0, 0])


def find(records: list[Record], predictor: str, metric: str, shown: int | None = None, seed: int = 0) -> Record:
    found = [r for r in records if (r.predictor, r.metric, r.shown, r.seed) == (predictor, metric, shown, seed)]
    assert len(found) == 1
    return found[0]


def test_the_best_baseline_has_the_smallest_area_and_scores_one(curves: Curves) -> None:
    best = best_baseline(curves)
    assert best is not None
    assert best.label == "least_squares"
    score = find(curves.records(), "least_squares", "icl_score_mean")
    assert (score.value, score.low, score.high) == (1, 1, 1)


def test_the_silent_predictor_scores_zero_and_is_the_leading_model(curves: Curves) -> None:
    assert leading_model(curves) == "silent"
    records = curves.records()
    assert find(records, "silent", "icl_score").value == 0
    assert find(records, "silent", "score_gap_mean").value == 0
    score, gap = find(records, "one", "icl_score_mean"), find(records, "one", "score_gap_mean")
    assert gap.value == pytest.approx(-score.value, rel=EXACT)


def test_errors_are_compared_after_twice_the_dimension_and_at_the_end(curves: Curves) -> None:
    assert milestones(TASK) == (6, 8)
    assert milestones(TASK.replace(length=6)) == (5,)
    errors = curves.of("averaging")[0].values
    row = find(curves.records(), "averaging", "relative_error_mean", shown=6)
    assert row.value == pytest.approx(errors[:, 6].mean() / TASK.zero_error, rel=EXACT)


def test_relative_errors_are_over_the_zero_predictors_error() -> None:
    noisy = TASK.replace(label_noise=2.0)
    assert noisy.zero_error != 1
    curves = learning_curve([Constant(0.0)], noisy, num_prompts=20)
    row = find(curves.records(), "constant", "relative_error", shown=8)
    assert row.value == pytest.approx(curves.zero[:, 8].mean() / noisy.zero_error, rel=EXACT)


def test_the_excess_error_is_paired_with_the_best_baseline(curves: Curves) -> None:
    best, mine = curves.of("least_squares")[0].values, curves.of("averaging")[0].values
    row = find(curves.records(), "averaging", "excess_error_mean", shown=8)
    assert row.value == pytest.approx((mine - best)[:, 8].mean(), rel=EXACT)


def test_the_mean_over_seeds_has_its_own_rows_and_an_interval_over_seeds(curves: Curves) -> None:
    records = curves.records()
    each = [find(records, "one", "icl_score", seed=seed).value for seed in (0, 1)]
    assert find(records, "one", "icl_score_mean").value == pytest.approx(np.mean(each), rel=EXACT)
    over_seeds = find(records, "one", "icl_score_over_seeds")
    assert over_seeds.low is not None
    # Student's 95% quantile with one degree of freedom is 6.3138.
    assert over_seeds.value - over_seeds.low == pytest.approx(6.313752 * np.std(each, ddof=1) / np.sqrt(2), rel=1e-6)
    assert not [r for r in records if r.metric.endswith("_over_seeds") and r.predictor != "one"]


def test_rows_carry_the_digest_of_their_run(curves: Curves) -> None:
    records = curves.records({("one", 0): "aaaa", ("one", 1): "bbbb", ("silent", 0): "cccc"})
    assert find(records, "one", "icl_score", seed=1).run == "bbbb"
    assert find(records, "silent", "icl_score_mean").run == "cccc"
    assert find(records, "one", "icl_score_mean").run not in ("aaaa", "bbbb", "cccc")


def test_without_baselines_there_is_no_score(curves: Curves) -> None:
    alone = learning_curve([Constant(0.0)], TASK, num_prompts=10)
    metrics = {record.metric for record in alone.records()}
    assert "squared_error_over_dim_mean" in metrics
    assert not [metric for metric in metrics if "score" in metric or "excess" in metric]


def test_half_of_the_zero_error_is_reached_by_least_squares_after_half_the_dimension(curves: Curves) -> None:
    # The expected error after k examples is (3 - k) / 3, which is 2/3 and 1/3 after one and two.
    assert find(curves.records(), "least_squares", "examples_to_half_mean").value == 2


@dataclass(frozen=True, kw_only=True)
class SignOfLinear(LinearRegression):
    """Labels -1 and 1."""

    @property
    def objective(self) -> Objective:
        return Sign()

    @property
    def zero_error(self) -> float:
        return 0.5

    def labels(self, xs: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        return np.sign(super().labels(xs, generator))


def test_a_share_of_wrong_answers_is_reported_as_accuracy_too() -> None:
    curves = learning_curve([LeastSquares()], SignOfLinear(dim=3, length=9), num_prompts=60)
    records = curves.records()
    for shown in range(9):
        wrong = find(records, "least_squares", "error_rate_mean", shown=shown)
        right = find(records, "least_squares", "accuracy_mean", shown=shown)
        assert wrong.value is not None
        assert wrong.low is not None
        assert wrong.high is not None
        assert (right.value, right.low, right.high) == (1 - wrong.value, 1 - wrong.high, 1 - wrong.low)
        assert right.low <= right.value <= right.high
    assert not [row for row in learning_curve([LeastSquares()], TASK, 5).records() if "accuracy" in row.metric]
