"""What a learning-rate schedule is: a pure function of the step and the total number of steps.

Every schedule is 1 up to its plateau's end and may fall after it, so the rates of the plateau do not depend on the
total. A budget in seconds or FLOPs uses that: its total is settled only when the plateau ends.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered

SCHEDULES: Registry["Schedule"] = Registry("schedule", "icl_lab.training.schedules")


@dataclass(frozen=True, kw_only=True)
class Schedule(Registered):
    """Factor of the peak learning rate over a run."""

    registry = SCHEDULES
    formula: ClassVar[str] = ""

    @abstractmethod
    def plateau(self, total: int) -> int:
        """The last step at which the factor is 1; `total` where it never falls.

        It is at most `total`, never decreases as `total` grows, and passes every step if it grows at all.
        """

    @abstractmethod
    def factor(self, step: int, total: int) -> float:
        """The factor, in (0, 1], of step 0, 1, ..., total - 1."""


def warmup_factor(step: int, warmup: int) -> float:
    """Linear warm-up: (step + 1) / warmup, at most 1.

    >>> [warmup_factor(step, 4) for step in (0, 1, 3, 9)]
    [0.25, 0.5, 1.0, 1.0]
    """
    return min(1.0, (step + 1) / warmup) if warmup else 1.0


def settle(schedule: Schedule, step: int, total: int) -> int | None:
    """The number of steps a run is held to, once `step` is where its rate begins to depend on that number.

    Args:
        schedule: The schedule of the run.
        step: Steps done, all of them on the plateau.
        total: The estimate of the total at this moment.

    Returns:
        None on the plateau. At its end, `total`, or as much more as it takes for the steps already done to lie on the
        plateau: so a run whose total was estimated is, bit for bit, the run that was given that total from the start.
    """
    if step < schedule.plateau(total):
        return None
    while schedule.plateau(total) < step - 1:
        total += 1
    return total
