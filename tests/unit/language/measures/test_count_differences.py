"""Differences where only counts of sets are kept: closed forms, and how often their intervals hold the truth."""

import numpy as np
import pytest

from icl_lab.language.measures.intervals import difference_of_counts, mean_of
from tests.unit.language.measures.test_intervals import TRIALS, difference, pairs


def counted(answers: list[list[bool]]) -> list[tuple[int, int]]:
    return [(sum(one), len(one)) for one in answers]


def test_means_of_differences_of_counts_hold_the_truth() -> None:
    generator, held = np.random.default_rng(5), 0
    shares = ((0.5, 0.4), (0.8, 0.2), (0.9, 0.4), (0.6, 0.6)) * 4
    truth = np.mean([difference(*pairs(generator, 5_000, right)).value for right in shares[:4]])
    for _ in range(TRIALS):
        drawn = [map(counted, pairs(generator, 4, right)) for right in shares]
        low, high = mean_of([difference_of_counts(*one) for one in drawn]).ends
        assert low is not None
        assert high is not None
        held += low <= truth <= high
    # A coverage of 0.90 is measured to 0.015; where answers hardly differ, what is assumed at least makes it wider.
    assert held / TRIALS > 0.87


def test_a_difference_of_counts_by_hand() -> None:
    # Gains of 2, 0, 1 of 5 each: a mean of 0.2, deviations of 1, -1 and 0, so 3 / 2 * 2 / 15^2.
    first, second = [(4, 5), (2, 5), (1, 5)], [(2, 5), (2, 5), (0, 5)]
    found = difference_of_counts(first, second)
    # Independent, at 3 + 1 of 17 more and 0 + 1 less: (5 / 17 - (3 / 17)^2) / 17 = 0.0155, which is more than 0.0133.
    assert (found.value, found.freedom) == (pytest.approx(0.2), 2)
    assert found.variance == pytest.approx((5 / 17 - 9 / 289) / 17)
    # Gains of 3, -2, 3: deviations of 5/3, -10/3 and 5/3.
    wide = difference_of_counts([(5, 5), (0, 5), (3, 5)], second)
    assert wide.variance == pytest.approx(1.5 * (25 + 100 + 25) / 9 / 15**2)
    low, high = found.ends
    assert difference_of_counts(second, first).ends == pytest.approx((-high, -low))
    assert difference_of_counts(first[:1], second[:1]).ends == (None, None)
    assert difference_of_counts([(0, 5)] * 3, [(0, 5)] * 3).variance == pytest.approx(2 / 17**2)
    with pytest.raises(ValueError, match="the same sets"):
        difference_of_counts(first, [(2, 5), (2, 5), (0, 4)])
