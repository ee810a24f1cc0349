"""A budget in optimiser steps."""

from collections.abc import Callable
from dataclasses import dataclass

from icl_lab.core.bounds import Count
from icl_lab.training.budgets.base import BUDGETS, Budget, Lengths, Meter
from icl_lab.training.workers import Workers


@BUDGETS.register
@dataclass(frozen=True, kw_only=True)
class Steps(Budget):
    """So many optimiser steps.

    Args:
        amount: Optimiser steps.
    """

    unit = "steps"

    amount: Count = 10_000

    def meter(self, lengths: Lengths, workers: Workers, clock: Callable[[], float], spent: float = 0.0) -> Meter:
        return _StepsMeter(lengths, workers, clock, spent, amount=self.amount)


@dataclass
class _StepsMeter(Meter):
    amount: int = 0

    def spend(self, step: int) -> None:
        self.spent = step + 1

    def total(self, step: int) -> int:
        return self.amount
