"""Prompts that share a random draw are resampled together."""

import numpy as np
import pytest

from icl_lab.core.streams import Stream
from icl_lab.evaluation.curves import Curves, learning_curve
from icl_lab.evaluation.errors import Errors
from icl_lab.evaluation.statistics import mean_interval
from icl_lab.tasks.linear_regression import LinearRegression
from tests.unit.evaluation.doubles import Constant

SHARED = LinearRegression(dim=3, length=2, label_noise=1.0, restandardised=True)
ALONE = SHARED.replace(restandardised=False)
BATCH, BATCHES = 64, 20


def planted(task: LinearRegression, name: int = 0) -> Curves:
    """Errors that are the same within a batch but for a thousandth: 20 draws that look like 1,280 prompts."""
    generator = Stream(name, ("planted",)).generator()
    common = generator.standard_normal((BATCHES, 1, 1)).repeat(BATCH, axis=1)
    values = (10 + common + 1e-3 * generator.standard_normal((BATCHES, BATCH, 2))).reshape(-1, 2)
    errors = Errors("model", "model", 0, values, np.ones(values.shape, dtype=bool))
    return Curves(task, name, (errors,), np.ones_like(values), batch=BATCH)


def width(curves: Curves) -> float:
    found = mean_interval(curves.errors[0].values, curves.weights())
    return float(found.high[0] - found.low[0])


def test_intervals_are_as_wide_as_the_independent_draws_make_them() -> None:
    curves = planted(SHARED)
    assert curves.num_draws == BATCHES
    means = curves.errors[0].values[:, 0].reshape(BATCHES, BATCH).mean(axis=1)
    normal = 2 * 1.645 * means.std() / np.sqrt(BATCHES)
    # 1,000 resamples of 20: the quantiles' own error is about 4% each.
    assert width(curves) == pytest.approx(normal, rel=0.15)
    # Taken for independent, the prompts promise an eighth of it.
    assert width(planted(ALONE)) == pytest.approx(width(curves) / 8, rel=0.15)


def test_nine_in_ten_intervals_cover_the_truth_although_prompts_share_a_draw() -> None:
    covered = {True: 0, False: 0}
    for name in range(100):
        for task in (SHARED, ALONE):
            curves = planted(task, name)
            found = mean_interval(curves.errors[0].values, curves.weights(200))
            covered[task.restandardised] += int(found.low[0] <= 10 <= found.high[0])
    # A percentile interval of 20 covers 87%; the standard error of 100 repetitions is 3.4%, three of them either side.
    assert 77 <= covered[True] <= 97
    assert covered[False] < 40


def test_a_last_batch_that_is_not_full_is_a_draw_too() -> None:
    curves = learning_curve([Constant(0.0)], SHARED, num_prompts=10, batch=4)
    assert curves.num_draws == 3
    weights = curves.weights()
    assert weights.shape == (1000, 10)
    assert (weights[:, :4] == weights[:, :1]).all()
    assert (weights[:, 8] == weights[:, 9]).all()
    assert not (weights[:, 3] == weights[:, 4]).all()


def test_a_single_draw_has_no_interval() -> None:
    rows = learning_curve([Constant(0.0)], SHARED, num_prompts=10).records()
    curve = [row for row in rows if row.metric == "squared_error_over_dim_mean"]
    assert len(curve) == 2
    for row in curve:
        assert row.low is not None
        assert np.isnan(row.low)
        assert np.isfinite(row.value or np.nan)


def test_records_say_how_many_independent_draws_there_are() -> None:
    for task, expected in ((SHARED, 3.0), (ALONE, 10.0)):
        rows = learning_curve([Constant(0.0)], task, num_prompts=10, batch=4).records()
        assert [row.value for row in rows if row.metric == "independent_draws"] == [expected]
