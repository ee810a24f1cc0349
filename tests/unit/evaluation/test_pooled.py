"""Where prompts are not all scored at the same points, numbers rest on as many predictions as they say."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.evaluation.curves import Curves, learning_curve
from icl_lab.evaluation.pairs import pair_label
from icl_lab.evaluation.points import milestones
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.regular_languages import RegularLanguages
from tests.unit.evaluation.doubles import Constant, ToyNetwork

EXACT = 1e-9  # the same sums in another order


@dataclass(frozen=True, kw_only=True)
class Ragged(LinearRegression):
    """Prompt j of a batch is scored at its first j + 1 points only."""

    def sample(self, stream: Stream, step: int, batch: int) -> PromptBatch:
        prompts = super().sample(stream, step, batch)
        return replace(prompts, scored=torch.arange(self.length) <= torch.arange(batch)[:, None])


TASK = Ragged(dim=3, length=9)


@pytest.fixture(scope="module")
def curves() -> Curves:
    return learning_curve([ToyNetwork("one"), ToyNetwork("two"), Constant(0.3)], TASK, num_prompts=12, batch=12)


def test_a_milestone_is_where_at_least_half_of_the_prompts_are_scored(curves: Curves) -> None:
    assert curves.milestones == (6,)  # of 12 prompts, point 6 has 6
    assert milestones(TASK, np.array([12, 12, 6, 5, 5, 5, 5, 5, 1])) == (2,)
    assert milestones(TASK, np.ones(9, dtype=bool)) == (6, 8)


def test_a_row_says_how_many_prompts_stand_behind_it(curves: Curves) -> None:
    for row in curves.records():
        if row.shown is not None:
            assert row.num_prompts == 12 - row.shown
        elif row.predictor != "zero":
            assert row.num_prompts == 12


def test_the_pooled_error_is_the_mean_over_all_scored_predictions(curves: Curves) -> None:
    errors = curves.of("constant")[0].values
    (row,) = (r for r in curves.records() if r.metric == "pooled_error_mean" and r.predictor == "constant")
    assert row.value == pytest.approx(np.nanmean(errors), rel=EXACT)
    assert np.nanmean(errors) != pytest.approx(np.nanmean(np.nanmean(errors, axis=0)), rel=1e-3)
    assert row.low is not None
    assert row.high is not None
    assert row.low < row.value < row.high


def test_scores_and_differences_count_each_scored_prediction_once(curves: Curves) -> None:
    records = curves.records()
    one, best = (np.nansum(curves.of(label)[0].values) for label in ("one", "constant"))
    zero = np.nansum(curves.zero)
    scores = {row.predictor: row.value for row in records if row.metric == "icl_score_mean"}
    if zero > best:
        assert scores["one"] == pytest.approx((zero - one) / (zero - best), rel=EXACT)
    (gap,) = (r for r in records if r.predictor == pair_label("one", "two") and r.shown is None)
    assert gap.value == pytest.approx(np.nanmean(curves.of("one")[0].values - curves.of("two")[0].values), abs=1e-12)


def test_a_share_of_wrong_answers_has_its_pooled_complement() -> None:
    task = RegularLanguages(length=60, most_strings=3, fewest_strings=1, longest_string=12)
    curves = learning_curve([Constant(0.0)], task, num_prompts=32)
    rows = {row.metric: row for row in curves.records() if row.predictor == "constant" and row.shown is None}
    error, accuracy = rows["pooled_error_mean"], rows["pooled_legal_symbol_accuracy_mean"]
    assert accuracy.value == pytest.approx(1 - error.value, rel=EXACT)
    assert (accuracy.low, accuracy.high) == (1 - error.high, 1 - error.low)
    (end,) = curves.milestones
    assert 2 * curves.scored_prompts(end) >= (~np.isnan(curves.zero)).sum(0).max()
