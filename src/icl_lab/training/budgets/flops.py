"""A budget in floating-point operations, which is the same on every machine."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from icl_lab.core.bounds import Positive
from icl_lab.kernels.flops import counting
from icl_lab.training.budgets.base import BUDGETS, Budget, Lengths, Meter
from icl_lab.training.workers import Workers


@BUDGETS.register
@dataclass(frozen=True, kw_only=True)
class Flops(Budget):
    """As many steps as fit into so many floating-point operations.

    Operations are those that `kernels/flops.py` counts, forward and backward, on the PyTorch form of every kernel,
    whichever runs: matrix products, convolutions and attention; a multiplication with its addition counts as two.

    Args:
        amount: Floating-point operations of all processes together.
    """

    unit = "flops"

    amount: Positive = 1e14

    def meter(self, lengths: Lengths, workers: Workers, clock: Callable[[], float], spent: float = 0.0) -> Meter:
        return _FlopsMeter(lengths, workers, clock, spent, amount=self.amount)


@dataclass
class _FlopsMeter(Meter):
    amount: float = 0.0

    def prepare(self, rehearse: Callable[[int], object], step: int) -> None:
        super().prepare(rehearse, step)
        self._of_length: dict[int, int] = {}

    def spend(self, step: int) -> None:
        self.spent += self._flops(step)

    def total(self, step: int) -> int:
        per_example = self._flops(step) / self.lengths.at(step)
        return step + self.lengths.steps_within((self.amount - self.spent) / per_example, step)

    def _flops(self, step: int) -> int:
        # Counted on rehearsals, never on a step itself: the counter may take another path through an operation, and a
        # resumed run, which counts anew, would then not be the same run to the last bit.
        length = self.lengths.at(step)
        if length not in self._of_length:
            with counting() as counter:
                self.rehearse(step)
            counted = torch.tensor([counter.get_total_flops()], device=self.workers.device)
            self._of_length[length] = int(self.workers.sum(counted).item())
        return self._of_length[length]
