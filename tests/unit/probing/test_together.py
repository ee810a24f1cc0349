"""Which of many effects are told apart from none: how often chance is believed, and that what is there is seen."""

import numpy as np
import pytest

from icl_lab.core.streams import Stream
from icl_lab.probing.interventions.together import chances

CELLS, PROMPTS, FLIPS = 50, 32, 400


def test_where_nothing_differs_any_of_many_cells_stands_out_as_rarely_as_is_said() -> None:
    generator = np.random.default_rng(0)
    found = []
    for i in range(400):
        differences = generator.standard_normal((CELLS, PROMPTS)) * generator.uniform(0.1, 10, (CELLS, 1))
        found.append(chances(differences, Stream(i), FLIPS).min() <= 0.1)
    # 400 draws of a chance of 0.1: a standard error of 0.015. Cell by cell it would be nearly 1.
    assert np.mean(found) == pytest.approx(0.1, abs=0.045)


def test_cells_that_say_the_same_are_one() -> None:
    generator = np.random.default_rng(1)
    same = generator.standard_normal(PROMPTS) + 0.35
    alone = chances(same[None], Stream(0))
    # Bonferroni over fifty copies would ask for fifty times as little.
    assert chances(np.repeat(same[None], CELLS, axis=0), Stream(0)) == pytest.approx(np.repeat(alone, CELLS))
    apart = np.vstack([same, generator.standard_normal((CELLS - 1, PROMPTS))])
    assert chances(apart, Stream(0))[0] > 2 * alone[0]


def test_few_prompts_are_counted_exactly() -> None:
    # Of four prompts with the same difference two of sixteen flips give a sum as far from 0.
    (found,) = chances(np.ones((1, 4)), Stream(0))
    assert found == pytest.approx(2 / 16, abs=0.02)  # four standard errors of 5,000 flips


def test_what_differs_everywhere_stands_out_and_what_never_does_not() -> None:
    found = chances(np.stack([np.ones(20), -np.ones(20), np.zeros(20)]), Stream(0))
    assert (found[:2] < 0.01).all()
    assert found[2] == 1


def test_prompts_that_are_not_asked_count_nothing_and_infinite_ones_cannot_be_judged() -> None:
    generator = np.random.default_rng(2)
    some = generator.standard_normal((3, 10)) + 0.5
    longer = np.concatenate([some, np.full((3, 6), np.nan)], axis=1)
    padded = np.concatenate([some, np.zeros((3, 6))], axis=1)
    assert np.array_equal(chances(longer, Stream(0)), chances(padded, Stream(0)))
    some[1, 0] = np.inf
    found = chances(some, Stream(0))
    assert np.isnan(found).tolist() == [False, True, False]
