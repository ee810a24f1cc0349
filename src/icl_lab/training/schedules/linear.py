"""A linear decay to zero over the last part of the run."""

from dataclasses import dataclass

from icl_lab.core.bounds import Fraction
from icl_lab.training.schedules.base import SCHEDULES, Schedule


@SCHEDULES.register
@dataclass(frozen=True, kw_only=True)
class Linear(Schedule):
    """1, then down to 0 in a straight line; the step after the last would be 0.

    Args:
        decay: Part of the run, at its end, over which the rate falls.
    """

    formula = "min(1, (total - step) / (decay * total))"

    decay: Fraction = 0.3

    def plateau(self, total: int) -> int:
        return int((1 - self.decay) * total)

    def factor(self, step: int, total: int) -> float:
        start = self.plateau(total)
        return 1.0 if step <= start else (total - step) / (total - start)
