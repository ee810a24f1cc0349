"""Telling whoever waits how far an examination has come."""

from collections.abc import Callable

Told = Callable[[float], None]
"""Is told a part of the work, from 0 to 1, as often as it grows."""


def nobody(done: float) -> None:
    """Tell nobody."""


def within(told: Told, begin: float, end: float) -> Told:
    """Tell of a part of the work as the stretch of the whole that it is.

    >>> heard = []
    >>> within(heard.append, 0.5, 0.75)(0.5)
    >>> heard
    [0.625]
    """
    return lambda done: told(begin + (end - begin) * done)
