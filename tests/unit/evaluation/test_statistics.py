import itertools

import numpy as np
import pytest
from scipy import stats

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.evaluation.statistics import (
    difference_interval,
    half_interval,
    mean_area,
    mean_interval,
    resample,
    score_gap_interval,
    score_interval,
    seed_interval,
)

ROUNDING = 1e-12  # float64 sums of a few hundred numbers of order one, taken in another order


def generator(name: str = "test") -> np.random.Generator:
    return Stream(0, (name,)).generator()


def errors(name: str, num_prompts: int = 40, length: int = 3) -> np.ndarray:
    return generator(name).exponential(size=(num_prompts, length))


def test_the_weights_of_a_resample_are_the_counts_of_a_draw_with_replacement() -> None:
    weights = resample(6, generator(), resamples=9)
    drawn = generator().integers(6, size=(9, 6))
    assert (weights == [[list(row).count(i) for i in range(6)] for row in drawn]).all()


def test_the_interval_of_a_mean_is_that_of_resampling_rows_one_by_one() -> None:
    values = errors("a")
    found = mean_interval(values, resample(40, generator(), resamples=200))
    drawn = generator().integers(40, size=(200, 40))
    means = np.sort([values[rows].mean(axis=0) for rows in drawn], axis=0)
    # Of 200 sorted means, those number 10 and 190 are the 5th and 95th percentiles.
    np.testing.assert_allclose([found.low, found.high], [means[9], means[189]], rtol=ROUNDING)
    np.testing.assert_allclose(found.value, values.mean(axis=0), rtol=ROUNDING)


def test_a_mean_over_three_prompts_has_the_percentiles_of_all_27_resamples() -> None:
    values = np.array([[0.0], [1.0], [10.0]])
    means = np.sort([np.mean(draw) for draw in itertools.product(values[:, 0], repeat=3)])
    exact = means[[1, 25]]  # the smallest values with at least 5% and 95% of the 27 equally likely means at or below
    found = mean_interval(values, resample(3, generator(), resamples=20_000))
    # 0 of 27 is 3.7%, two of 27 are 7.4%: with 20,000 draws the quantile cannot fall on a neighbour.
    assert (float(found.low[0]), float(found.high[0])) == pytest.approx(tuple(exact), rel=ROUNDING)


def test_the_interval_agrees_with_scipys_percentile_bootstrap() -> None:
    values = errors("scipy", num_prompts=200, length=1)
    found = mean_interval(values, resample(200, generator(), resamples=20_000))
    theirs = stats.bootstrap(
        (values[:, 0],), np.mean, confidence_level=0.9, n_resamples=20_000, method="percentile", rng=generator("other")
    ).confidence_interval
    # A 5% quantile from 20,000 draws has a standard error of about 0.015 standard errors of the mean; five of them.
    tolerance = 5 * 0.015 * values.std() / np.sqrt(200)
    assert found.low[0] == pytest.approx(theirs.low, abs=tolerance)
    assert found.high[0] == pytest.approx(theirs.high, abs=tolerance)


def test_points_that_are_not_scored_are_left_out_of_the_mean() -> None:
    values = errors("a")
    values[:10, 1] = np.nan
    values[:, 2] = np.nan
    found = mean_interval(values, resample(40, generator()))
    assert found.value[1] == pytest.approx(values[10:, 1].mean(), rel=ROUNDING)
    assert np.isnan([found.value[2], found.low[2], found.high[2]]).all()


def test_one_infinite_error_makes_the_mean_infinite_and_no_other_point() -> None:
    values = errors("a")
    values[3, 1] = np.inf
    found = mean_interval(values, resample(40, generator()))
    assert found.value[1] == np.inf == found.high[1]
    assert np.isfinite(found.value[[0, 2]]).all()


def test_a_paired_difference_is_narrower_than_the_predictors_own_intervals() -> None:
    common = errors("common")
    one, other = common + 0.01 * errors("one"), common + 0.01 * errors("other")
    weights = resample(40, generator())
    difference = difference_interval(one, other, weights)
    np.testing.assert_allclose(difference.value, one.mean(0) - other.mean(0), atol=ROUNDING)
    own = mean_interval(one, weights)
    assert ((difference.high - difference.low) < 0.2 * (own.high - own.low)).all()


def test_a_predictor_differs_from_itself_by_nothing() -> None:
    difference = difference_interval(errors("a"), errors("a"), resample(40, generator()))
    assert not np.any([difference.value, difference.low, difference.high])


def test_two_infinite_errors_do_not_cancel_to_a_point_that_is_left_out() -> None:
    values = errors("a")
    values[0, 0] = np.inf
    assert difference_interval(values, values, resample(40, generator())).value[0] == np.inf


def test_the_score_of_a_hand_computed_example() -> None:
    # Two prompts, three points. Means: zero (2, 2, 2), model (2, 1, 0.5), best (2, 0.5, 0).
    zero = np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])
    model = np.array([[1.0, 1.5, 1.0], [3.0, 0.5, 0.0]])
    best = np.array([[1.0, 1.0, 0.0], [3.0, 0.0, 0.0]])
    found = score_interval(model, best, zero, resample(2, generator()))
    assert float(found.value) == pytest.approx((0 + 1 + 1.5) / (0 + 1.5 + 2), rel=ROUNDING)
    # Drawn twice, the first prompt gives (0.5 + 2) / (1 + 3) and the second (1.5 + 1) / (2 + 1): each in 1 of 4 draws.
    assert float(found.low) == pytest.approx(2.5 / 4, rel=ROUNDING)
    assert float(found.high) == pytest.approx(2.5 / 3, rel=ROUNDING)


def test_the_zero_predictor_scores_zero_and_the_best_baseline_one_in_every_resample() -> None:
    zero, best = 1 + errors("zero"), errors("best") / 4
    weights = resample(40, generator())
    nothing, everything = score_interval(zero, best, zero, weights), score_interval(best, best, zero, weights)
    assert (float(nothing.value), float(nothing.low), float(nothing.high)) == (0, 0, 0)
    assert (float(everything.value), float(everything.low), float(everything.high)) == (1, 1, 1)


def test_a_score_over_a_baseline_no_better_than_zero_is_not_a_number() -> None:
    zero = errors("zero")
    assert np.isnan(score_interval(zero / 2, zero, zero, resample(40, generator())).value)


def test_the_gap_to_the_leader_is_the_difference_of_the_scores() -> None:
    zero, best, one, other = 2 + errors("zero"), errors("best") / 9, errors("one"), errors("two")
    weights = resample(40, generator())
    gap = score_gap_interval(one, other, best, zero, weights)
    scores = [float(score_interval(errors_, best, zero, weights).value) for errors_ in (other, one)]
    assert float(gap.value) == pytest.approx(scores[0] - scores[1], rel=1e-9)  # a difference of nearly equal numbers


def test_the_area_is_the_sum_of_the_means() -> None:
    assert mean_area(errors("a")) == pytest.approx(errors("a").mean(0).sum(), rel=ROUNDING)


def test_the_interval_over_seeds_is_students() -> None:
    values = np.array([0.1, 0.4, 0.35])
    found = seed_interval(values)
    assert found is not None
    theirs = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert (float(found.low), float(found.high)) == pytest.approx(
        (theirs.low, theirs.high), rel=1e-9
    )  # two t quantiles


def test_one_training_has_no_interval_over_seeds() -> None:
    assert seed_interval(np.array([0.3])) is None


def test_half_the_zero_error_is_reached_after_so_many_examples_or_never() -> None:
    weights = resample(2, generator())
    reached = half_interval(np.array([[1.0, 0.5, 0.1], [1.0, 0.9, 0.3]]), 1.0, weights)
    # The mean is 0.7 after one example; a resample of the first prompt alone, one of four, has 0.5 there.
    assert (float(reached.value), float(reached.low), float(reached.high)) == (2, 1, 2)
    assert half_interval(np.array([[1.0, 0.6, np.nan]]), 1.0, np.ones((1, 1))).value == np.inf


def test_without_a_resample_there_is_an_estimate_and_no_interval() -> None:
    found = mean_interval(errors("a"), np.empty((0, 40)))
    np.testing.assert_allclose(found.value, errors("a").mean(0), rtol=ROUNDING)
    assert np.isnan([found.low, found.high]).all()


@pytest.mark.parametrize(("num_prompts", "resamples"), [(0, 10), (10, 0)])
def test_a_bootstrap_of_nothing_is_refused(num_prompts: int, resamples: int) -> None:
    with pytest.raises(UserError, match="at least 1 prompt"):
        resample(num_prompts, generator(), resamples)


def test_a_level_outside_its_range_is_refused() -> None:
    with pytest.raises(UserError, match="between 0 and 1"):
        mean_interval(errors("a"), resample(40, generator()), level=90)
