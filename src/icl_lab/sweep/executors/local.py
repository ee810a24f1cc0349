"""Worker processes on this machine."""

import os
import selectors
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from icl_lab.core.bounds import Count
from icl_lab.sweep.base import EXECUTORS, Executor, Job, Outcome, Watcher
from icl_lab.sweep.carry_out import carry_out
from icl_lab.sweep.crew import Crew, End
from icl_lab.sweep.worker_process import WorkerProcess, pickled


@EXECUTORS.register
@dataclass(frozen=True, kw_only=True)
class Local(Executor):
    """Worker processes on this machine, each on one thread: small networks gain little from a second one.

    Args:
        workers: Processes; as many as there are cores by default.
        threads: Of each.
    """

    workers: Count | None = None
    threads: Count = 1

    def run(self, jobs: Sequence[Job], watch: Watcher, deadline_seconds: float | None = None) -> Outcome:
        size = self.workers or max(1, _cores() // self.threads)
        return carry_out(jobs, lambda: _LocalCrew(size, self.threads), watch, deadline_seconds)


class _LocalCrew(Crew):
    """Processes that are kept from job to job: loading PyTorch takes longer than a small job.

    Args:
        size: How many at most; they are started when they are needed.
        threads: Of each.
    """

    def __init__(self, size: int, threads: int) -> None:
        self._size = size
        self._threads = threads
        self._idle: list[WorkerProcess] = []
        self._busy: dict[WorkerProcess, str] = {}
        self._answers = selectors.DefaultSelector()

    @property
    def size(self) -> int:
        return self._size

    @property
    def running(self) -> Collection[str]:
        return self._busy.values()

    def start(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            content = pickled(job)
            worker = self._idle.pop() if self._idle else WorkerProcess(self._threads)
            self._busy[worker] = job.name
            self._answers.register(worker, selectors.EVENT_READ)
            worker.hand_over(content)

    def wait(self, seconds: float) -> list[End]:
        if not self._busy:
            time.sleep(seconds)
            return []
        ends = []
        for key, _ in self._answers.select(seconds):
            worker = key.fileobj
            assert isinstance(worker, WorkerProcess)
            self._answers.unregister(worker)
            how, line = worker.answer()
            ends.append(End(self._busy.pop(worker), how, line))
            if how in ("died", "stopped"):
                worker.close()
            else:
                self._idle.append(worker)
        return ends

    def ask_to_stop(self) -> None:
        for worker in self._busy:
            worker.ask_to_stop()

    def close(self) -> None:
        for worker in (*self._idle, *self._busy):
            worker.close()
        self._answers.close()


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
