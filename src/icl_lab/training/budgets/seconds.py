"""A budget in seconds: how far a model gets in the time somebody is willing to wait.

The seconds are those of the wall clock from the first prompt on, time between steps (checkpoints, displays) included;
time between an interruption and the resumption is not. Until the learning rate starts to fall, the number of steps
follows the speed of the machine; from then on it is fixed, so a machine that slows down afterwards overruns by that
much of the decay.
"""

from collections.abc import Callable
from dataclasses import dataclass

from icl_lab.core.bounds import Positive
from icl_lab.training.budgets.base import BUDGETS, Budget, Lengths, Meter
from icl_lab.training.workers import Workers

REHEARSALS = 3


@BUDGETS.register
@dataclass(frozen=True, kw_only=True)
class Seconds(Budget):
    """As many steps as fit into so many seconds on the machine at hand.

    Args:
        amount: Seconds.
    """

    unit = "seconds"

    amount: Positive = 120.0

    def meter(self, lengths: Lengths, workers: Workers, clock: Callable[[], float], spent: float = 0.0) -> Meter:
        return _SecondsMeter(lengths, workers, clock, spent, amount=self.amount)


@dataclass
class _SecondsMeter(Meter):
    amount: float = 0.0

    def __post_init__(self) -> None:
        self._before = self.spent
        self._started = self.clock()
        self._examples = 0
        self._measured_since = 0.0
        self._prior = 0.0

    def prepare(self, rehearse: Callable[[int], object], step: int) -> None:
        # The first pass through a network also allocates memory and loads kernels; only the last one counts.
        for _ in range(REHEARSALS):
            began = self._now()
            rehearse(step)
        self.spent = self._measured_since = self._now()
        self._prior = (self.spent - began) / self.lengths.at(step)

    def spend(self, step: int) -> None:
        self._examples += self.lengths.at(step)
        self.spent = self._now()

    def total(self, step: int) -> int:
        per_example = (self.spent - self._measured_since) / self._examples if self._examples else self._prior
        if per_example <= 0:
            return step + 1  # a clock that stands still says nothing; go on a step at a time
        return step + self.lengths.steps_within((self.amount - self.spent) / per_example, step)

    def _now(self) -> float:
        return self.workers.agree(self._before + self.clock() - self._started)
