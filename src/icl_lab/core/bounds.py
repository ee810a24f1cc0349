"""Numbers with a range: what a field of a spec may be annotated with."""

import math
from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True)
class Bounds:
    """The allowed range of a number: `low <= value <= high`, or strictly above `above`."""

    low: float = -math.inf
    high: float = math.inf
    above: float = -math.inf

    def allows(self, value: float) -> bool:
        """Whether `value` is finite and in the range."""
        return math.isfinite(value) and self.low <= value <= self.high and value > self.above

    def __str__(self) -> str:
        if self.high < math.inf:
            opening = f"({self.above:g}" if self.above > -math.inf else f"[{self.low:g}"
            return f"in {opening}, {self.high:g}]"
        if self.above > -math.inf:
            return f"above {self.above:g}"
        return f"of at least {self.low:g}" if self.low > -math.inf else "that is finite"


Count = Annotated[int, Bounds(low=1)]
Natural = Annotated[int, Bounds(low=0)]
Positive = Annotated[float, Bounds(above=0)]
NonNegative = Annotated[float, Bounds(low=0)]
Fraction = Annotated[float, Bounds(low=0, high=1)]
Number = Annotated[float, Bounds()]
