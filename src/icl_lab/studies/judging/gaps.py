"""Differences of two quantities, training by training: on the same prompts where rows have that, else as if apart."""

import math
from collections.abc import Mapping, Sequence
from itertools import product

from icl_lab.report.comparison.data import Comparison
from icl_lab.studies.judging.paired import paired
from icl_lab.studies.judging.quantities import Estimate, Quantity, measure


def of_one(quantity: Quantity, other: Quantity) -> bool:
    """Whether the two are about the same trainings."""
    return (quantity.part, quantity.predictor) == (other.part, other.predictor)


def beside(quantity: Quantity, other: Quantity, parts: Mapping[str, Comparison]) -> list[tuple[Estimate, Estimate]]:
    """Each training beside each of the other model; beside itself, where both quantities are about one model."""
    pairs = product(measure(quantity, parts), measure(other, parts))
    return [(one, another) for one, another in pairs if not of_one(quantity, other) or one.seed == another.seed]


def over(number: float, other: float) -> float:
    """A ratio; infinite over nothing, and one of equals, also of two that never arrive."""
    if number == other:
        return 1.0
    return number / other if other else math.inf


def gaps(quantity: Quantity, other: Quantity, parts: Mapping[str, Comparison]) -> Sequence[Estimate]:
    """`quantity - other` of each pair of trainings: on the same prompts where the rows have that, else as if apart."""
    found = []
    for one, another in beside(quantity, other, parts):
        exact = paired(quantity, other, (one.seed, another.seed), parts)
        found.append(exact or difference(one, another))
    return found


def difference(one: Estimate, other: Estimate) -> Estimate:
    """`one - other`, as if they were independent: on the same prompts the interval is too wide."""
    if math.isinf(one.value) or math.isinf(other.value):
        gap = 0.0 if one.value == other.value else one.value - other.value  # two that never arrive are equally late
        return Estimate(one.seed, gap, gap, gap)
    gap = one.value - other.value
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    return Estimate(one.seed, gap, gap - below, gap + above)
