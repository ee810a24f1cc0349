"""Baselines that refit are asked at some prefixes; scores stay those of the whole curve."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from icl_lab.baselines.averaging import Averaging
from icl_lab.baselines.base import Baseline
from icl_lab.core.prompts import PromptBatch
from icl_lab.evaluation.curves import Curves, learning_curve
from icl_lab.evaluation.errors import Errors, fill
from icl_lab.evaluation.points import milestones, thinned
from icl_lab.evaluation.prompts import evaluation_prompts, held_out, joined
from icl_lab.evaluation.scores import best_baseline
from icl_lab.evaluation.statistics import mean_area, mean_curve
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.shifts.orthants import Orthants

TASK = LinearRegression(dim=3, length=41)
EVERYWHERE = np.ones(41, dtype=bool)
asked_of: list[list[int]] = []


@dataclass(frozen=True, kw_only=True)
class Slow(Baseline):
    """The constant 1, with a memory of what it was asked."""

    refits: ClassVar[bool] = True
    name: ClassVar[str] = "slow"

    def answers(self, prompts: PromptBatch, shown: Sequence[int]) -> Tensor:
        asked_of.append(list(shown))
        return torch.ones(prompts.batch, len(shown))


@pytest.fixture
def curves() -> Curves:
    asked_of.clear()
    return learning_curve([Slow(), Averaging()], TASK, num_prompts=70)


def test_the_first_prefixes_the_milestones_and_the_end_are_always_asked() -> None:
    for length in (1, 5, 12, 41, 500):
        chosen = thinned(np.ones(length, dtype=bool), (min(6, length - 1),))
        assert set(range(min(11, length))) <= set(chosen)
        assert chosen[-1] == length - 1
        assert list(chosen) == sorted(set(chosen))
    # From 10 on each is at least 1.15 times the one before: log(50) / log(1.15) = 28 more, and the first eleven.
    assert len(thinned(np.ones(500, dtype=bool))) <= 40
    assert set(milestones(TASK)) <= set(thinned(EVERYWHERE, milestones(TASK)))


def test_only_points_that_are_scored_are_asked() -> None:
    scored = np.zeros(41, dtype=bool)
    scored[[20, 30, 39]] = True
    assert thinned(scored, ()) == (20, 30, 39)
    assert thinned(np.zeros(3, dtype=bool)) == ()


def test_a_baseline_that_refits_is_asked_less_and_the_others_everywhere(curves: Curves) -> None:
    slow, other = curves.errors
    wanted = thinned(EVERYWHERE, (6, 40))
    assert slow.asked == wanted
    assert asked_of == [list(wanted)]
    assert other.asked is None
    assert np.flatnonzero(~np.isnan(slow.values[0])).tolist() == list(wanted)
    assert not np.isnan(other.values).any()


def test_what_it_answers_is_what_it_answers_when_asked_everywhere(curves: Curves) -> None:
    slow = curves.errors[0]
    (batch,) = joined(held_out(TASK, num_prompts=70, stream=evaluation_prompts(0)), 256)
    whole = ((1 - batch.targets.double()) ** 2 / 3).numpy()
    assert slow.asked is not None
    # The one float32 rounding of the error.
    np.testing.assert_allclose(slow.values[:, slow.asked], whole[:, slow.asked], rtol=1e-6)


def test_between_the_points_each_prompt_has_its_own_straight_line(curves: Curves) -> None:
    slow = curves.errors[0]
    assert slow.asked is not None
    a, b = next((a, b) for a, b in zip(slow.asked, slow.asked[1:], strict=False) if b - a == 3)
    step = (slow.values[:, b] - slow.values[:, a]) / 3
    np.testing.assert_allclose(slow.filled[:, a + 2], slow.values[:, a] + 2 * step, rtol=1e-12)
    assert np.array_equal(slow.filled[:, slow.asked], slow.values[:, slow.asked])


def test_the_mean_of_the_lines_is_the_line_between_the_means(curves: Curves) -> None:
    slow = curves.errors[0]
    means = np.interp(np.arange(41), slow.asked, mean_curve(slow.values)[list(slow.asked or ())])
    np.testing.assert_allclose(mean_curve(slow.filled), means, rtol=1e-12)


def test_a_curve_that_is_a_straight_line_has_the_same_area_however_often_it_is_asked() -> None:
    line = np.linspace(2, 1, 41)[None].repeat(3, axis=0)
    some = np.full_like(line, np.nan)
    chosen = list(thinned(EVERYWHERE))
    some[:, chosen] = line[:, chosen]
    assert mean_area(fill(some, np.ones_like(line, dtype=bool))) == pytest.approx(mean_area(line), rel=1e-12)
    assert mean_area(some) < 0.6 * mean_area(line)  # what a comparison of bare sums would see


def test_what_is_not_scored_stays_empty_and_what_is_infinite_stays_so() -> None:
    values = np.array([[1.0, np.nan, np.nan, 4.0], [np.inf, np.nan, 2.0, 2.0], [np.nan] * 4])
    scored = np.array([[True, False, True, True], [True] * 4, [True] * 4])
    filled = fill(values, scored)
    np.testing.assert_allclose(filled[0], [1, np.nan, 3, 4])
    np.testing.assert_allclose(filled[1], [np.inf, np.inf, 2, 2])
    assert np.isnan(filled[2]).all()


def test_the_best_baseline_is_not_the_one_that_was_asked_least() -> None:
    # Worse at every point, but with half the sum over the points at which it was asked.
    chosen, scored = thinned(EVERYWHERE), np.ones((4, 41), dtype=bool)
    worse = np.full((4, 41), np.nan)
    worse[:, chosen] = 1.2
    seldom = Errors("seldom", "baseline", 0, worse, scored, asked=chosen)
    always = Errors("always", "baseline", 0, np.ones((4, 41)), scored)
    best = best_baseline(Curves(TASK, 0, (seldom, always), np.full((4, 41), 2.0)))
    assert best is not None
    assert best.label == "always"
    rows = Curves(TASK, 0, (seldom, always), np.full((4, 41), 2.0)).records()
    score = [row.value for row in rows if (row.predictor, row.metric) == ("seldom", "icl_score_mean")]
    assert score == [pytest.approx(0.8, rel=1e-12)]


def test_records_say_at_how_many_points_it_was_asked(curves: Curves) -> None:
    rows = curves.records()
    (row,) = [row for row in rows if row.metric == "asked_points"]
    shown = [row.shown for row in rows if (row.predictor, row.metric) == ("slow", "squared_error_over_dim_mean")]
    assert (row.predictor, row.value) == ("slow", float(len(shown)))
    assert {row.shown for row in rows if (row.predictor, row.metric) == ("slow", "relative_error_mean")} == {6, 40}


def test_batches_are_put_together_in_order_and_whole() -> None:
    task = Orthants().shifted(TASK)
    apart = list(held_out(task, num_prompts=22, stream=evaluation_prompts(0), batch=4))
    together = list(joined(apart, 9))
    assert [prompts.batch for prompts in together] == [8, 8, 6]
    for part in ("tokens", "targets", "scored"):
        whole, pieces = (torch.cat([getattr(p, part) for p in batches]) for batches in (together, apart))
        assert torch.equal(whole, pieces)
    first = together[0]
    assert first.examples is not None
    assert first.examples.asked is not None
    assert first.branches is not None
    assert first.examples.asked.shape[0] == first.branches.tokens.shape[0] == 8
    assert torch.equal(first.branches.starts, apart[0].branches.starts)  # type: ignore[union-attr]


def test_batches_that_ask_at_other_places_stay_apart() -> None:
    batches = [TASK.replace(length=length).sample(evaluation_prompts(0), 0, 2) for length in (4, 4, 5)]
    assert [prompts.batch for prompts in joined(batches, 100)] == [4, 2]
