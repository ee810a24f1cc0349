"""A constant learning rate (Park et al. 2024: no decay, no warm-up)."""

from dataclasses import dataclass

from icl_lab.training.schedules.base import SCHEDULES, Schedule


@SCHEDULES.register
@dataclass(frozen=True, kw_only=True)
class Constant(Schedule):
    """1 at every step."""

    formula = "1"

    def plateau(self, total: int) -> int:
        return total

    def factor(self, step: int, total: int) -> float:
        return 1.0
