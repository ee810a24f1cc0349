"""The best layer, chosen on other sets than it is scored on: closed forms, and what chance alone would score."""

import numpy as np
import pytest

from icl_lab.language.measures.crossfit import chosen_layers, has_halves, scored
from icl_lab.language.measures.intervals import measured

ASKED = 5


def counted(*layers: tuple[int, ...]) -> dict[int, list[tuple[int, int]]]:
    """Layer -> sets of five questions, from how many of each set were right."""
    return {layer: [(right, ASKED) for right in rights] for layer, rights in enumerate(layers)}


def test_each_half_is_scored_by_the_layer_that_is_best_on_the_other() -> None:
    # Of the first and third set layer 1 is best, of the second and fourth layer 2.
    counts = counted((1, 1, 1, 1), (5, 2, 5, 0), (0, 5, 0, 4))
    layers = chosen_layers([counts])
    assert layers == (2, 1)
    assert scored(counts, layers) == [(0, 5), (2, 5), (0, 5), (0, 5)]


def test_a_layer_that_is_best_on_both_halves_has_its_own_accuracy() -> None:
    counts = counted((1, 0, 1), (3, 4, 5), (3, 3, 5))
    assert chosen_layers([counts]) == (1, 1)
    assert scored(counts, (1, 1)) == counts[1]


def test_one_layer_for_all_tasks_is_best_in_their_mean_whatever_the_numbers_of_questions() -> None:
    # In the mean of shares layer 0 is better, (1 + 0) / 2 against (0 + 0.6) / 2; of all answers layer 1 has more.
    few = {0: [(1, 1)] * 2, 1: [(0, 1)] * 2}
    many = {0: [(0, 5)] * 2, 1: [(3, 5)] * 2}
    assert chosen_layers([many]) == (1, 1)
    assert chosen_layers([few, many]) == (0, 0)


def test_the_first_of_equal_layers_is_chosen_in_whatever_order_they_stand() -> None:
    # 0.2 + 0.4 + 0.6 and 0.6 + 0.4 + 0.2 differ in the last digit when they are added one by one.
    tasks = [{2: [(a, 5)] * 2, 0: [(0, 5)] * 2, 1: [(b, 5)] * 2} for a, b in ((1, 3), (2, 2), (3, 1))]
    assert chosen_layers(tasks) == (1, 1)
    assert chosen_layers(tasks[::-1]) == (1, 1)


def test_one_set_has_no_halves() -> None:
    assert has_halves(counted((1, 2)))
    assert not has_halves(counted((1,)))
    assert not has_halves({})
    for tasks in ([], [counted((1,))], [counted((1, 2)), counted((1, 2), (3, 4))]):
        with pytest.raises(ValueError, match="two sets each"):
            chosen_layers(tasks)


def test_where_all_layers_are_equal_by_chance_the_best_is_too_high_and_this_is_not() -> None:
    generator, best, fitted, held = np.random.default_rng(0), [], [], 0
    truth, sets, draws = 0.3, 4, 1000
    for _ in range(draws):
        counts = counted(*map(tuple, generator.binomial(ASKED, truth, size=(12, sets)).tolist()))
        best.append(max(sum(right for right, _ in one) for one in counts.values()) / (sets * ASKED))
        chosen = scored(counts, chosen_layers([counts]))
        found = measured([right for right, _ in chosen], [asked for _, asked in chosen])
        fitted.append(found.value)
        low, high = found.ends
        assert low is not None
        assert high is not None
        held += low <= truth <= high
    assert np.mean(best) > truth + 0.12  # the expected maximum of twelve binomials of 20 is 0.47
    # One standard deviation of a mean of 1,000 accuracies of 20 answers is 0.1 / sqrt(1000) = 0.0032: four of them.
    assert abs(np.mean(fitted) - truth) < 0.013
    assert 0.86 < held / draws < 0.98
