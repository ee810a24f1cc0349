"""What a budget is: how long a run may train, in a unit of its own, and what a run has spent of it.

A run needs a number of steps. A budget in steps is one; of any other budget a `Meter` estimates how many steps it is
good for, better as training goes on, and the loop settles the number when the learning rate begins to depend on it
(`schedules/base.py`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered
from icl_lab.tasks.parts.curriculum import Ramp
from icl_lab.training.workers import Workers

BUDGETS: Registry["Budget"] = Registry("budget", "icl_lab.training.budgets")


@dataclass(frozen=True)
class Lengths:
    """How many examples a prompt holds at each step: what the cost of a step is taken to be proportional to.

    Args:
        full: Examples in a prompt of the task.
        ramp: Their growth, where there is a curriculum.
    """

    full: int
    ramp: Ramp | None = None

    def at(self, step: int) -> int:
        """Examples in a prompt of this step."""
        return self.ramp.at(step) if self.ramp else self.full

    def steps_within(self, examples: float, step: int) -> int:
        """How many steps from `step` on see at most so many examples a prompt in all.

        >>> Lengths(10, Ramp(start=5, end=10, increment=5, interval=4)).steps_within(examples=33.0, step=2)
        4
        """
        count = 0
        if ramp := self.ramp:
            while ramp.increment and ramp.at(step + count) < ramp.end:
                stage = ramp.interval - (step + count) % ramp.interval
                cost = stage * ramp.at(step + count)
                if cost > examples:
                    break
                examples -= cost
                count += stage
        return count + int(max(examples, 0.0) // self.at(step + count))


@dataclass
class Meter(ABC):
    """What a run has spent of its budget.

    Args:
        lengths: Examples a prompt at each step.
        workers: The processes that share the run, and must agree.
        clock: Seconds since some moment.
        spent: Spent before an interruption, in the budget's unit.
    """

    lengths: Lengths
    workers: Workers
    clock: Callable[[], float]
    spent: float = 0.0

    def prepare(self, rehearse: Callable[[int], object], step: int) -> None:
        """Find out what steps cost before the first of them; `rehearse(i)` computes step i and changes nothing."""
        self.rehearse = rehearse

    @abstractmethod
    def spend(self, step: int) -> None:
        """Account for step `step`, which has just been done."""

    @abstractmethod
    def total(self, step: int) -> int:
        """The estimate, after `step` steps, of the number of steps the budget is good for."""


@dataclass(frozen=True, kw_only=True)
class Budget(Registered):
    """How long a run may train."""

    registry = BUDGETS
    unit: ClassVar[str] = ""

    @abstractmethod
    def meter(self, lengths: Lengths, workers: Workers, clock: Callable[[], float], spent: float = 0.0) -> Meter:
        """A new account of this budget."""
