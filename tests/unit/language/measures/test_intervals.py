"""How often the intervals hold the truth, where the truth is known: sets of answers whose chance of being right varies.

The chance of a set is drawn from a Beta distribution, so that answers of a set are correlated by `alike`. Real answers
(smollm2-135m, sets of five) have about 0.04.
"""

import numpy as np
import pytest

from icl_lab.language.measures.intervals import Contrast, Measured, contrast, mean_of, measured

IN_A_SET = 5
TRIALS = 400
SHARES = (0.1, 0.3, 0.5, 0.9, 0.97)


def draw(generator: np.random.Generator, sets: int, share: float, alike: float) -> np.ndarray:
    """How many of each set are right."""
    chances = np.full(sets, share)
    if alike:
        both = (1 - alike) / alike
        chances = generator.beta(share * both, (1 - share) * both, size=sets)
    return generator.binomial(IN_A_SET, chances)


def coverage(sets: int, share: float, alike: float) -> float:
    generator, held = np.random.default_rng([sets, int(100 * share), int(100 * alike)]), 0
    for _ in range(TRIALS):
        low, high = measured(draw(generator, sets, share, alike).tolist(), [IN_A_SET] * sets).ends
        assert low is not None
        assert high is not None
        held += low <= share <= high
    return held / TRIALS


@pytest.mark.parametrize("sets", [3, 4, 5, 6, 7, 8, 20])
def test_intervals_of_few_sets_hold_the_truth_nearly_as_often_as_they_say(sets: int) -> None:
    # 400 trials: a coverage of 0.90 is measured to 0.015 (one standard deviation). Few discrete answers let no rule
    # come closer than this at every share; the mean over shares does.
    found = [coverage(sets, share, alike) for share in SHARES for alike in (0.0, 0.1)]
    assert 0.88 < np.mean(found) < 0.97
    assert min(found) > 0.82


@pytest.mark.parametrize("sets", [3, 5, 8])
def test_answers_that_are_much_alike_do_not_break_them(sets: int) -> None:
    assert np.mean([coverage(sets, share, 0.3) for share in SHARES]) > 0.87


def test_the_resampling_that_they_replaced_was_too_narrow() -> None:
    generator, held = np.random.default_rng(0), 0
    for _ in range(TRIALS):
        right = draw(generator, 3, 0.5, 0.1)
        means = right[generator.integers(3, size=(500, 3))].mean(axis=1) / IN_A_SET
        held += np.quantile(means, 0.05) <= 0.5 <= np.quantile(means, 0.95)
    assert held / TRIALS < 0.75


@pytest.mark.parametrize("sets", [3, 4, 8])
def test_means_over_tasks_hold_the_truth(sets: int) -> None:
    # The six tasks differ as much as tasks do; the degrees of freedom of the mean are many more than those of each.
    generator, held = np.random.default_rng(sets), 0
    shares = (0.02, 0.3, 0.6, 0.8, 0.95, 0.99)
    for _ in range(TRIALS):
        parts = [measured(draw(generator, sets, share, 0.05).tolist(), [IN_A_SET] * sets) for share in shares]
        low, high = mean_of(parts).ends
        assert low is not None
        assert high is not None
        held += low <= np.mean(shares) <= high
    assert 0.86 < held / TRIALS < 0.98


def test_many_sets_have_the_interval_of_their_spread() -> None:
    # Sets of equal answers: the spread of a mean of 400 coins, not of 2,000; 1.645 standard deviations each way. The
    # prior and the score interval move the ends by about 2 in 400.
    right = np.random.default_rng(0).integers(2, size=400) * IN_A_SET
    found = measured(right.tolist(), [IN_A_SET] * 400)
    low, high = found.ends
    assert low is not None
    assert high is not None
    wanted = 2 * 1.645 * np.sqrt(found.value * (1 - found.value) / 400)
    assert abs((high - low) / wanted - 1) < 0.02


def test_all_right_is_not_certain_and_all_wrong_is_its_mirror() -> None:
    low, high = measured([5, 5, 5, 5], [5] * 4).ends
    assert high == 1.0
    assert low is not None
    assert 0.7 < low < 0.95
    assert measured([0, 0, 0, 0], [5] * 4).ends == pytest.approx((0.0, 1 - low))


def test_one_set_says_nothing_of_others() -> None:
    assert measured([3], [5]).ends == (None, None)
    assert mean_of([measured([3], [5]), measured([3, 4], [5, 5])]).ends == (None, None)


def test_the_mean_of_one_is_itself() -> None:
    one = measured([1, 4, 3], [5, 5, 4])
    same = mean_of([one])
    assert isinstance(same, Measured)
    assert same.ends == pytest.approx(one.ends)


def difference(first: list[list[bool]], second: list[list[bool]]) -> Contrast:
    return contrast((first, 1.0), (second, -1.0))


def pairs(generator: np.random.Generator, sets: int, right: tuple[float, float]) -> list[list[list[bool]]]:
    """Answers to the same queries, first and second: a query is easy or hard for both, and so is its set."""
    hard = generator.beta(4, 4, size=(1, sets, 1)) - 0.5
    ease = generator.random((1, sets, IN_A_SET))
    found: list[list[list[bool]]] = (ease < np.clip(np.reshape(right, (2, 1, 1)) + hard, 0, 1)).tolist()
    return found


@pytest.mark.parametrize("right", [(0.5, 0.5), (0.9, 0.1), (0.6, 0.5), (0.3, 0.1)])
def test_intervals_of_differences_hold_the_truth(right: tuple[float, float]) -> None:
    # What is true is measured on many sets: to 0.004. A coverage of 400 trials is known to 0.015.
    generator = np.random.default_rng([int(10 * share) for share in right])
    truth = difference(*pairs(generator, 5_000, right)).value
    for sets in (3, 8, 20):
        held = 0
        for _ in range(TRIALS):
            low, high = difference(*pairs(generator, sets, right)).ends
            assert low is not None
            assert high is not None
            held += low <= truth <= high
        assert held / TRIALS > 0.86


def test_a_difference_is_surer_than_two_accuracies_where_queries_are_hard_for_both() -> None:
    # Of each set 12 queries are right under both, 2 only under the first, 6 under none.
    low, high = difference([[place < 14 for place in range(20)]] * 5, [[place < 12 for place in range(20)]] * 5).ends
    assert low is not None
    assert high is not None
    assert low > 0
    first, second = (measured([14] * 5, [20] * 5), measured([12] * 5, [20] * 5))
    assert first.ends[0] < second.ends[1]  # type: ignore[operator]


def test_a_difference_of_the_same_answers_is_not_certain_to_be_none() -> None:
    found = difference([[True] * 5] * 4, [[True] * 5] * 4)
    assert found.value == 0.0
    low, high = found.ends
    assert low is not None
    assert high is not None
    # Two made-up answers of 22 differ, one each way; Student's t of five degrees of freedom is 2.015.
    assert low == pytest.approx(-high)
    assert high == pytest.approx(2.015 * np.sqrt(2) / 22, rel=1e-3)


def test_a_contrast_weighs_its_parts() -> None:
    # A rise from the second to the first, of which the third keeps half: what is lost less half of the rise is nothing.
    first, second, third = ([[True] * 4] * 3, [[False] * 4] * 3, [[True, False, True, False]] * 3)
    found = contrast((first, 0.5), (second, 0.5), (third, -1.0))
    assert found.value == 0.0
    low, high = found.ends
    assert low is not None
    assert high is not None
    assert low < 0 < high
    # Twelve queries are half a unit off and two made-up ones a whole unit: 12 / 4 + 2 over 14, over 14 again.
    assert high == pytest.approx(2.132 * np.sqrt(5) / 14, rel=1e-3)


def test_a_difference_turned_round_is_its_mirror() -> None:
    first, second = [[True, True], [True, False], [False, True]], [[False, True], [False, True], [False, False]]
    low, high = difference(first, second).ends
    assert low is not None
    assert high is not None
    assert difference(second, first).ends == pytest.approx((-high, -low))
    assert difference(first[:1], second[:1]).ends == (None, None)


def test_means_of_differences_hold_the_truth() -> None:
    # Of few queries each, and nearly all right: where a middle that is drawn in would be off for all tasks alike.
    generator, shares = np.random.default_rng(0), ((0.9, 0.1), (0.98, 0.02), (0.95, 0.3), (0.97, 0.5)) * 4
    truth = np.mean([difference(*pairs(generator, 5_000, right)).value for right in shares[:4]])
    held = 0
    for _ in range(TRIALS):
        low, high = mean_of([difference(*pairs(generator, 5, right)) for right in shares]).ends
        assert low is not None
        assert high is not None
        held += low <= truth <= high
    assert held / TRIALS > 0.86
