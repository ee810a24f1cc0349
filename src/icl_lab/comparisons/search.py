"""The whole number at which a growing function comes closest to a target, with few evaluations."""

from collections.abc import Callable, Iterator, Mapping
from math import log

# Enough for anything that grows like a power; what does not is halved from there on.
POWER_LAW_GUESSES = 8
STEEPEST_STEP = 4.0


def closest(value: Callable[[int], int | None], target: int, *, start: int, largest: int) -> int | None:
    """Search from 1 to `largest` for the argument whose value is closest to the target.

    Guesses follow the power law through the two best points so far: a model's size grows about as the first or second
    power of its width. The search ends when no argument is left between one too small and one too large.

    Args:
        value: Grows with its argument, or is 0 everywhere; none where it is not defined. Never asked twice.
        target: At least 1.
        start: Where to begin.
        largest: Where to end at the latest.

    Returns:
        The argument; none where the function is defined nowhere.

    >>> closest(lambda n: n * n, 50, start=1, largest=100)
    7
    >>> closest(lambda n: None if n % 4 else n * n, 50, start=1, largest=100)
    8
    """
    known: dict[int, int] = {}
    undefined: set[int] = set()
    while True:
        below = max((n for n, found in known.items() if found <= target), default=0)
        above = min((n for n, found in known.items() if found >= target), default=largest + 1)
        guess = _guess(known, target, start) if len(known) < POWER_LAW_GUESSES else (below + above) // 2
        for n in _outward(guess, below + 1, above - 1):
            if n in undefined:
                continue
            found = value(n)
            if found == 0:  # a model that has nothing of a quantity has nothing of it at any width
                return n
            if found is not None:
                known[n] = found
                break
            undefined.add(n)
        else:
            return min(known, key=lambda n: abs(known[n] - target), default=None)


def _guess(known: Mapping[int, int], target: int, start: int) -> int:
    best = sorted((n for n in known if known[n] > 0), key=lambda n: abs(known[n] - target))[:2]
    if not best:
        return start
    n, power = best[0], 2.0
    if len(best) == 2:
        low, high = sorted(best)
        power = log(known[high] / known[low]) / log(high / low)
    factor = (target / known[n]) ** (1 / power) if power > 0 else STEEPEST_STEP
    return round(n * min(factor, STEEPEST_STEP))


def _outward(middle: int, first: int, last: int) -> Iterator[int]:
    """All whole numbers from `first` to `last`, those nearest to `middle` first."""
    middle = min(max(middle, first), last)
    for distance in range(last - first + 1):
        for n in {middle + distance, middle - distance}:
            if first <= n <= last:
                yield n
