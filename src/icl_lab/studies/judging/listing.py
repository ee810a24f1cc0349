"""The numbers of several trainings as a page says them."""

import math
from collections.abc import Sequence

from icl_lab.studies.judging.quantities import Estimate

LISTED = 4
"""So many numbers are shown one by one."""


def listed(numbers: Sequence[Estimate], what: str) -> str:
    """Numbers with their intervals; of many, the least and the greatest."""
    if len(numbers) == 1:
        return shown(numbers[0])
    if len(numbers) <= LISTED:
        return ", ".join(map(shown, numbers)) + f" ({len(numbers)} {what})"
    least, greatest = (choose(numbers, key=lambda number: number.value) for choose in (min, max))
    return f"{shown(least)} at the least, {shown(greatest)} at the most ({len(numbers)} {what})"


def split(margins: Sequence[Estimate], what: str) -> str:
    """In how many trainings a statement holds, where some say one thing and some the other."""
    for_it, against = (sum(one) for one in zip(*((m.low >= 0, m.high < 0) for m in margins), strict=True))
    return f": {what} disagree, {for_it} for it and {against} against" if for_it and against else ""


def shown(number: Estimate) -> str:
    """A number with its interval, in three digits."""
    if math.isnan(number.low) or number.low == number.high:
        return f"{number.value:.3g}"
    return f"{number.value:.3g} ({number.low:.3g} to {number.high:.3g})"
