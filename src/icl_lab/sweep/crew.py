"""What an executor brings along: a crew that takes jobs, tells how they ended, and can be stopped."""

import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from icl_lab.sweep.base import Job

GRACE_SECONDS = 20.0  # between asking a worker to stop and killing it: a training step or two, and a checkpoint
TICK_SECONDS = 1.0  # between two looks at the jobs' files

How = Literal["finished", "failed", "died", "stopped", "held"]
"""Died: the worker ended, not the job. Held: another process is at work in the job's folder."""


@dataclass(frozen=True)
class End:
    """How a job ended.

    Args:
        name: Of the job.
        how: In which way.
        line: Why, in one line.
    """

    name: str
    how: How
    line: str = ""


class Crew(ABC):
    """Workers as the loop sees them."""

    @property
    @abstractmethod
    def size(self) -> int:
        """How many jobs run at once, as things are now."""

    @property
    @abstractmethod
    def running(self) -> Collection[str]:
        """Names of the jobs that were handed over and have not ended."""

    @abstractmethod
    def start(self, jobs: Sequence[Job]) -> None:
        """Hand jobs over, at most as many as there are free places."""

    @abstractmethod
    def wait(self, seconds: float) -> list[End]:
        """Those that ended, after some time at most; at once where there are any."""

    @abstractmethod
    def ask_to_stop(self) -> None:
        """Ask whoever is at work to stop; `wait` still tells of each."""

    @abstractmethod
    def close(self) -> None:
        """Release everything; who is still at work is killed."""

    def stop(self) -> list[End]:
        """Stop everything softly; how the jobs ended that did within the time of grace."""
        self.ask_to_stop()
        ends: list[End] = []
        until = time.monotonic() + GRACE_SECONDS
        while self.running and (left := until - time.monotonic()) > 0:
            ends += self.wait(min(left, TICK_SECONDS))
        return ends
