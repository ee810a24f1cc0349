import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_lab.core.streams import Stream
from icl_lab.evaluation.statistics import difference_interval, mean_interval, resample, score_interval

SEEDS = st.integers(0, 2**32 - 1)


def drawn(seed: int, name: str, num_prompts: int, length: int = 3) -> np.ndarray:
    return Stream(seed, (name,)).generator().exponential(size=(num_prompts, length))


def test_nine_in_ten_intervals_cover_the_mean() -> None:
    num_prompts, repetitions = 40, 400
    values = Stream(0, ("cover",)).generator().standard_normal((repetitions, num_prompts, 1))
    stream = Stream(0, ("bootstrap",))
    found = [mean_interval(v, resample(num_prompts, stream.generator(i), 300)) for i, v in enumerate(values)]
    covered = np.mean([interval.low[0] <= 0 <= interval.high[0] for interval in found])
    # With 40 prompts the percentile interval covers 88.5%: the normal quantile for Student's (1.2%), n for n-1 (0.5%).
    # The standard error of a proportion over 400 repetitions is 1.6%; four of them either side.
    assert abs(covered - 0.885) < 4 * 0.016


@given(SEEDS, st.integers(1, 30))
@settings(max_examples=50, deadline=None)
def test_an_interval_of_a_mean_lies_between_the_smallest_and_the_largest_error(seed: int, num_prompts: int) -> None:
    values = drawn(seed, "errors", num_prompts)
    found = mean_interval(values, resample(num_prompts, Stream(seed).generator(), 50))
    slack = 1e-12 * values.max()  # a mean of equal numbers, rounded
    assert (values.min(axis=0) - slack <= found.low).all()
    assert (found.low <= found.high).all()
    assert (found.high <= values.max(axis=0) + slack).all()


@given(SEEDS, st.floats(0.01, 100))
@settings(max_examples=50, deadline=None)
def test_a_score_does_not_depend_on_the_unit_of_the_errors(seed: int, unit: float) -> None:
    model, best, zero = (drawn(seed, name, 20) for name in ("model", "best", "zero"))
    zero = zero + 3
    weights = resample(20, Stream(seed).generator(), 50)
    one, other = (
        score_interval(model, best, zero, weights),
        score_interval(unit * model, unit * best, unit * zero, weights),
    )
    np.testing.assert_allclose([one.value, one.low, one.high], [other.value, other.low, other.high], rtol=1e-9)


@given(SEEDS)
@settings(max_examples=50, deadline=None)
def test_a_difference_the_other_way_round_has_the_other_sign(seed: int) -> None:
    one, other = drawn(seed, "one", 20), drawn(seed, "other", 20)
    weights = resample(20, Stream(seed).generator(), 101)
    forth, back = difference_interval(one, other, weights), difference_interval(other, one, weights)
    np.testing.assert_allclose(forth.value, -back.value, atol=1e-12)
    # With 101 resamples the 5% and 95% order statistics, number 6 and 96, are mirror images.
    np.testing.assert_allclose(forth.low, -back.high, atol=1e-12)


@given(SEEDS, st.permutations(range(12)))
@settings(max_examples=50, deadline=None)
def test_the_estimate_does_not_depend_on_the_order_of_the_prompts(seed: int, order: list[int]) -> None:
    values = drawn(seed, "errors", 12)
    weights = resample(12, Stream(seed).generator(), 20)
    one, other = mean_interval(values, weights), mean_interval(values[order], weights[:, order])
    for name in ("value", "low", "high"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-12)
