"""Curriculum: the growth of dimension and context length during training."""

from dataclasses import dataclass
from typing import TypeVar

from icl_lab.core.bounds import Count, Natural
from icl_lab.core.specs import Spec

AnyTask = TypeVar("AnyTask", bound=Spec)


@dataclass(frozen=True, kw_only=True)
class Ramp(Spec):
    """A number that grows in steps: min(end, start + increment * floor(step / interval)).

    Args:
        start: Value at step 0.
        end: Largest value.
        increment: Added every `interval` optimiser steps.
        interval: Optimiser steps between two increments.
    """

    start: Count
    end: Count
    increment: Natural = 1
    interval: Count = 2000

    def at(self, step: int) -> int:
        """The value at an optimiser step.

        >>> [Ramp(start=5, end=20).at(step) for step in (0, 1999, 2000, 30_000, 90_000)]
        [5, 5, 6, 20, 20]
        """
        return min(self.end, self.start + self.increment * (step // self.interval))


@dataclass(frozen=True, kw_only=True)
class Curriculum(Spec):
    """Which task is trained at which step; no ramp means the task as it is.

    Args:
        dims: Active coordinates of x, the others being zero.
        length: Examples in the prompt.
    """

    dims: Ramp | None = None
    length: Ramp | None = None

    def task_at(self, task: AnyTask, step: int) -> AnyTask:
        """The task to sample from at an optimiser step."""
        changes = {}
        if self.dims is not None:
            changes["active_dims"] = self.dims.at(step)
        if self.length is not None:
            changes["length"] = self.length.at(step)
        return task.replace(**changes) if changes else task
