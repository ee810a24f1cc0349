"""Jobs for tests: they count in a file, a number a line, and do what they are told on the way. They load no PyTorch."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from icl_lab.core.errors import UserError
from icl_lab.core.files import exclusive
from icl_lab.sweep.base import Outcome, Progress, Status, Watcher


@dataclass(frozen=True)
class Counting:
    """Counts from 1 to `steps` in `<folder>/<name>.txt`, going on from what is there.

    Args:
        name: Of the job.
        folder: Where the files are.
        after: Jobs that come before.
        steps: How far to count.
        pause: Seconds a step takes.
        deaths: How many times it is killed, at half of its steps.
        trouble: What it fails with.
        seconds: Its estimate.
    """

    name: str
    folder: Path
    after: tuple[str, ...] = ()
    steps: int = 4
    pause: float = 0.0
    deaths: int = 0
    trouble: str = ""
    seconds: float | None = None

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}.txt"

    @property
    def starts(self) -> list[str]:
        """Process ids that worked on it."""
        path = self.folder / f"{self.name}.starts"
        return path.read_text().split() if path.exists() else []

    def count(self) -> int:
        return len(self.path.read_text().split()) if self.path.exists() else 0

    def is_done(self) -> bool:
        return self.count() >= self.steps

    def execute(self, threads: int) -> None:
        with exclusive(self.folder / f"{self.name}.held"):
            with (self.folder / "order").open("a") as order:
                order.write(f"{self.name}\n")
            with (self.folder / f"{self.name}.starts").open("a") as starts:
                starts.write(f"{os.getpid()}\n")
            if self.trouble:
                raise UserError(self.trouble)
            for number in range(self.count() + 1, self.steps + 1):
                if number > self.steps // 2 and len(self.starts) <= self.deaths:
                    os.kill(os.getpid(), signal.SIGKILL)
                time.sleep(self.pause)
                with self.path.open("a") as file:
                    file.write(f"{number}\n")

    def progress(self) -> Progress | None:
        return Progress(self.count() / self.steps, 1.0)

    def estimate(self) -> float | None:
        return self.seconds


@dataclass(frozen=True)
class Threads(Counting):
    """Writes down how many threads its libraries were allowed before they were loaded."""

    def execute(self, threads: int) -> None:
        self.path.write_text("\n".join([str(threads), os.environ["OMP_NUM_THREADS"], "x", "x"]))


@dataclass(frozen=True)
class Asked(Counting):
    """Writes down when it is asked for its estimate."""

    def estimate(self) -> float | None:
        with (self.folder / "asked").open("a") as file:
            file.write(f"{self.name}\n")
        return self.seconds


@dataclass(frozen=True)
class Broken(Counting):
    """Has a defect."""

    def execute(self, threads: int) -> None:
        raise KeyError("what\nis this")


@dataclass(frozen=True)
class Forgetful(Counting):
    """Ends without its files."""

    def execute(self, threads: int) -> None:
        pass


class Notes(Watcher):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, str]] = []
        self.lines: list[str] = []
        self.outcome: Outcome | None = None

    def changed(self, status: Status) -> None:
        self.changes.append((status.name, status.state))
        self.lines.append(status.line)

    def show(self, statuses: Sequence[Status], seconds_left: float | None) -> None:
        self.last = statuses

    def end(self, outcome: Outcome) -> None:
        self.outcome = outcome


def order(folder: Path) -> list[str]:
    """Names of the jobs in the order in which they were started."""
    path = folder / "order"
    return path.read_text().split() if path.exists() else []


def is_alive(process_id: int) -> bool:
    """Whether there is such a process that is not just waiting to be buried."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
