"""Times as people read them."""

import math


def duration(seconds: float) -> str:
    """A time in words.

    >>> duration(42.4), duration(312), duration(7260)
    ('42 s', '5 min 12 s', '2 h 1 min')
    """
    whole = math.ceil(seconds) if seconds < 1 else round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
