"""The kinds of statements: a number at its bound, and two numbers beside each other."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from icl_lab.report.comparison.data import Comparison
from icl_lab.studies.judging.gaps import beside, difference, gaps, of_one, over
from icl_lab.studies.judging.quantities import Estimate, Quantity, measure
from icl_lab.studies.judging.statements import Statement


@dataclass(frozen=True, kw_only=True)
class AtMost(Statement):
    """`quantity <= bound`."""

    bound: float

    @property
    def words(self) -> str:
        return f"{self.quantity.words} is at most {self.bound:g}"

    def margins(self, parts: Mapping[str, Comparison]) -> Sequence[tuple[Estimate, Estimate]]:
        return [(one, _combined(one, self.bound, -1)) for one in measure(self.quantity, parts)]


@dataclass(frozen=True, kw_only=True)
class AtLeast(Statement):
    """`quantity >= bound`."""

    bound: float

    @property
    def words(self) -> str:
        return f"{self.quantity.words} is at least {self.bound:g}"

    def margins(self, parts: Mapping[str, Comparison]) -> Sequence[tuple[Estimate, Estimate]]:
        return [(one, _combined(one, -self.bound, 1)) for one in measure(self.quantity, parts)]


@dataclass(frozen=True, kw_only=True)
class Reached(Statement):
    """`quantity < infinity`: a training gets there at all, such as to half of the zero error."""

    @property
    def words(self) -> str:
        return f"{self.quantity.words} is finite"

    def margins(self, parts: Mapping[str, Comparison]) -> Sequence[tuple[Estimate, Estimate]]:
        there, never = 1.0, -1.0
        found = []
        for one in measure(self.quantity, parts):
            margin = never if math.isinf(one.value) else there
            found.append((one, Estimate(one.seed, margin, margin, margin)))
        return found


@dataclass(frozen=True, kw_only=True)
class Comparing(Statement):
    """A sentence about two quantities."""

    figures: ClassVar[str] = "difference "
    other: Quantity

    @property
    def compared(self) -> str:
        return "trainings" if of_one(self.quantity, self.other) else "pairs of trainings"

    @property
    def _own(self) -> tuple[Quantity, ...]:
        return (self.quantity, self.other)

    @property
    def others_words(self) -> str:
        """The other quantity, in short where only the predictor is another one."""
        alike = replace(self.other, predictor=self.quantity.predictor, over=self.quantity.over) == self.quantity
        return f"that of {self.other.predictor}" if alike else f"the {self.other.words}"


@dataclass(frozen=True, kw_only=True)
class Near(Comparing):
    """`|quantity - other| <= within`."""

    within: float

    @property
    def words(self) -> str:
        return f"{self.quantity.words} is within {self.within:g} of {self.others_words}"

    def margins(self, parts: Mapping[str, Comparison]) -> Sequence[tuple[Estimate, Estimate]]:
        found = []
        for gap in gaps(self.quantity, self.other, parts):
            # The largest and the smallest distance that the interval of the difference allows.
            far, near = max(abs(gap.low), abs(gap.high)), max(0.0, gap.low, -gap.high)
            margin = Estimate(gap.seed, self.within - abs(gap.value), self.within - far, self.within - near)
            found.append((gap, margin))
        return found


@dataclass(frozen=True, kw_only=True)
class Below(Comparing):
    """`quantity <= other - by`; with a negative `by`, `quantity` may be above `other` by that much."""

    by: float = 0.0

    @property
    def words(self) -> str:
        if self.by < 0:
            return f"{self.quantity.words} is at most {-self.by:g} above {self.others_words}"
        distance = f" by {self.by:g} or more" if self.by else ""
        return f"{self.quantity.words} is below {self.others_words}{distance}"

    def margins(self, parts: Mapping[str, Comparison]) -> Sequence[tuple[Estimate, Estimate]]:
        return [(gap, _combined(gap, -self.by, -1)) for gap in gaps(self.quantity, self.other, parts)]


@dataclass(frozen=True, kw_only=True)
class Times(Comparing):
    """`quantity >= factor * other`: by how many times a curve rises, or a model is slower."""

    figures = "ratio "
    factor: float

    @property
    def words(self) -> str:
        return f"{self.quantity.words} is at least {self.factor:g} times {self.others_words}"

    def margins(self, parts: Mapping[str, Comparison]) -> Sequence[tuple[Estimate, Estimate]]:
        found = []
        for one, other in beside(self.quantity, self.other, parts):
            times = Estimate(other.seed, *(self.factor * number for number in (other.value, other.low, other.high)))
            ratio = Estimate(
                one.seed, *(map(over, (one.value, one.low, one.high), (other.value, other.high, other.low)))
            )
            never = math.isinf(one.value) and math.isinf(other.value)  # equally late, whatever the factor
            missing = 1.0 - self.factor
            margin = Estimate(one.seed, missing, missing, missing) if never else difference(one, times)
            found.append((ratio, margin))
        return found


def _combined(one: Estimate, add: float, sign: int) -> Estimate:
    """`add + sign * one`, the ends in order."""
    ends = sorted((add + sign * one.low, add + sign * one.high))
    return Estimate(one.seed, add + sign * one.value, *ends)
