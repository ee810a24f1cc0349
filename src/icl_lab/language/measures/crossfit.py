"""What the best of several layers is worth: chosen on one half of the questions, scored on the other, both ways round.

The highest of thirty accuracies, measured on the questions on which it is the highest, is too high: some of it is luck.
Here no question is asked of a layer that it helped to choose. Questions of a set share their demonstrations, so it is
sets that are dealt out, in turn, to two halves; each half is scored by the layer that did best on the other, and the
answers of both are pooled (two-fold cross-fitting). What comes out is worth a layer that was chosen on half of the
questions, and is not the accuracy of any one layer where the halves choose differently.

The two halves are not quite independent, as each chose the other's layer; intervals over all sets do without that.
"""

from collections.abc import Mapping, Sequence
from math import fsum

SetCount = tuple[int, int]
"""Of a set of questions: how many were right, how many were asked."""
Counts = Mapping[int, Sequence[SetCount]]
"""Layer -> set by set."""
Layers = tuple[int, int]
"""The layer that scores the first half, and the one that scores the second."""

HALVES = (0, 1)


def half(sets: Sequence[SetCount], which: int) -> list[SetCount]:
    """Every second set, from the first or from the second on.

    >>> half([(1, 5), (2, 5), (3, 5)], 0), half([(1, 5), (2, 5), (3, 5)], 1)
    ([(1, 5), (3, 5)], [(2, 5)])
    """
    return list(sets[which::2])


def has_halves(counts: Counts) -> bool:
    """Whether there are sets enough for two halves."""
    return bool(counts) and all(len(sets) >= len(HALVES) for sets in counts.values())


def chosen_layers(tasks: Sequence[Counts]) -> Layers:
    """For each half the layer that does best on the other one, in the mean over tasks; the first of equals.

    Args:
        tasks: Of each task its counts, all with the same layers and at least two sets; a single one chooses for itself.

    Raises:
        ValueError: A task has too few sets, or other layers.
    """
    if not tasks or not all(has_halves(counts) and set(counts) == set(tasks[0]) for counts in tasks):
        raise ValueError("expected tasks of the same layers, with two sets each")
    first, second = (_best(tasks, on) for on in reversed(HALVES))
    return first, second


def scored(counts: Counts, layers: Layers) -> list[SetCount]:
    """The sets in their order, each as the layer of its half answered it."""
    number = len(counts[layers[0]])
    return [counts[layers[place % len(HALVES)]][place] for place in range(number)]


def _best(tasks: Sequence[Counts], on: int) -> int:
    # Exact sums: equal layers stay equal, whatever their tasks scored one by one.
    means = {layer: fsum(_share(half(counts[layer], on)) for counts in tasks) for layer in sorted(tasks[0])}
    return max(means, key=lambda layer: means[layer])


def _share(sets: Sequence[SetCount]) -> float:
    return sum(right for right, _ in sets) / sum(asked for _, asked in sets)
