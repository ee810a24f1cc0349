"""A number with its interval, as tables say it."""

from dataclasses import dataclass

from icl_lab.report import words


@dataclass(frozen=True)
class Estimate:
    """A number with the ends of its interval, where it has one; a value of none could not be computed."""

    value: float | None
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        ends = words.interval(self.low, self.high)
        return words.number(self.value) + (f" ({ends})" if ends else "")
