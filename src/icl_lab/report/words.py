"""Numbers and names as people read them."""

import math
from dataclasses import dataclass

EXAMPLES = "examples in the prompt"
"""What the points of a learning curve count, unless the task says otherwise."""
NOTHING = 1e-6
"""Errors below this are rounding: they are told as "<1e-6", and none is better than another."""


def number(value: float | None) -> str:
    """Three significant digits; what is below a millionth is said to be so, rounding errors being no result.

    >>> [number(x) for x in (0.0, 2e-15, 0.00631, 0.1534, 0.99996, 12.345, 2345.6, None)]
    ['0', '<1e-6', '0.0063', '0.153', '1.00', '12.3', '2350', '-']
    """
    if value is None or math.isnan(value):
        return "-"
    if value == 0 or math.isinf(value):
        return "0" if value == 0 else f"{value:g}"
    size = abs(value)
    if size < NOTHING:
        return "<1e-6" if value > 0 else ">-1e-6"
    if size < 1e-3:
        return f"{value:.1e}"
    if size >= 100:
        return f"{float(f'{value:.3g}'):.0f}"
    size = float(f"{size:.3g}")  # 0.9999 reads as 1.00
    digits = 4 if size < 0.01 else 3 if size < 1 else 2 if size < 10 else 1
    return f"{value:.{digits}f}"


def interval(low: float | None, high: float | None) -> str:
    """The ends of an interval, or nothing where there is none or where both read the same.

    >>> interval(0.012, 0.0191), interval(1.0, 1.0)
    ('0.012 to 0.019', '')
    """
    if low is None or high is None or math.isnan(low) or math.isnan(high) or number(low) == number(high):
        return ""
    return f"{number(low)} to {number(high)}"


def count(value: float | None) -> str:
    """A whole number with thousands apart.

    >>> count(133120.0)
    '133,120'
    """
    return "-" if value is None or math.isnan(value) else f"{value:,.0f}"


def amount(value: float | None) -> str:
    """A large number with its prefix: thousand, million, billion, and on to 1e18.

    >>> [amount(x) for x in (950.0, 12_300_000.0, 5.31e18)]
    ['950', '12.3 M', '5.31 E']
    """
    if value is None or math.isnan(value):
        return "-"
    for size, prefix in ((1e18, " E"), (1e15, " P"), (1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{prefix}"
    return f"{value:.0f}"


def plain(name: str) -> str:
    """A registered name in words.

    >>> plain("linear_regression")
    'linear regression'
    """
    return name.replace("_", " ")


@dataclass(frozen=True)
class Measure:
    """What the curves of a comparison show, as words for it are needed.

    Args:
        metric: Of the errors, the name of their rows.
        complement: Name of 1 - error, where that is a number people speak of.
        axis: What the points of a curve count.
    """

    metric: str
    complement: str = ""
    axis: str = EXAMPLES

    @property
    def words(self) -> str:
        """The error as an axis says it.

        >>> Measure("squared_error_over_dim").words, Measure("error_rate", complement="accuracy").words
        ('squared error / dimension', 'error rate (1 - accuracy)')
        """
        words = self.metric.replace("_over_", " / ").replace("_", " ")
        words = words.replace("/ dim", "/ dimension") if words.endswith("/ dim") else words
        return f"{words} (1 - {plain(self.complement)})" if self.complement else words

    @property
    def zero(self) -> str:
        """What the predictor that always says zero is called: where answers are right or wrong, it is chance."""
        return "chance" if self.complement else "zero predictor"

    def at(self, shown: int) -> str:
        """A point of the curve, in words.

        >>> Measure("error_rate").at(40), Measure("error_rate", axis="symbols read").at(40)
        ('after 40 examples', 'at 40 symbols read')
        """
        return (
            f"after {shown} example{'' if shown == 1 else 's'}" if self.axis == EXAMPLES else f"at {shown} {self.axis}"
        )

    def short_at(self, shown: int) -> str:
        """The same for the head of a column: "after 40", "at 40"."""
        return f"{'after' if self.axis == EXAMPLES else 'at'} {shown}"


def listed(words: list[str]) -> str:
    """Words in a row.

    >>> [listed(words) for words in (["a"], ["a", "b"], ["a", "b", "c"])]
    ['a', 'a and b', 'a, b and c']
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
