"""The state of every job: what may start, what an end means for it and for those that come after it."""

import math
from collections.abc import Sequence
from dataclasses import replace

from icl_lab.core.errors import UserError
from icl_lab.sweep.base import Job, Outcome, Progress, Status
from icl_lab.sweep.crew import End

RESTARTS = 3  # of a job whose workers die; what kills four workers in a row is the job
HELD_SECONDS = 60.0  # a worker that was given up for dead may live a little longer, and hold its folder
PAUSE_SECONDS = 2.0  # before the next attempt on such a folder


class Board:
    """All jobs of one call, in the order of the list.

    Args:
        jobs: The jobs; those that are done are finished from the start.

    Raises:
        UserError: Two jobs share a name, or a job comes after one that is not in the list or after itself.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = {job.name: job for job in jobs}
        _check(jobs)
        self._statuses = {job.name: _at_rest(job) for job in jobs}
        self._deaths: dict[str, tuple[int, float]] = {}
        self._not_before: dict[str, float] = {}
        self._estimates: dict[str, float | None] = {}
        for job in jobs:
            if self._statuses[job.name].state == "failed":
                self._leave_those_after(job.name)

    @property
    def statuses(self) -> tuple[Status, ...]:
        """Every job as it stands."""
        return tuple(self._statuses.values())

    @property
    def settled(self) -> bool:
        """Whether nothing runs or waits."""
        return not any(status.state in ("waiting", "running") for status in self._statuses.values())

    @property
    def running(self) -> tuple[str, ...]:
        """Names of the jobs that run."""
        return tuple(status.name for status in self._statuses.values() if status.state == "running")

    def ready(self, now: float) -> list[Job]:
        """The jobs that may start, in order. `now` is in seconds since some moment."""
        return [
            self.jobs[name]
            for name, status in self._statuses.items()
            if status.state == "waiting"
            and now >= self._not_before.get(name, -math.inf)
            and all(self._statuses[before].state == "finished" for before in self.jobs[name].after)
        ]

    def start(self, name: str) -> Status:
        """A job was handed to a worker."""
        return self._set(replace(self._statuses[name], state="running", progress=None))

    def note(self, end: End, now: float, *, stopping: bool = False) -> list[Status]:
        """Whatever follows from the end of a job: it, and those after it, as they stand now.

        Args:
            end: How it ended.
            now: Seconds since some moment.
            stopping: Whether its worker was asked to stop.
        """
        name = end.name
        if end.how == "finished" or stopping:
            at_rest = _at_rest(self.jobs[name])
            if at_rest.state != "waiting":
                return [self._set(at_rest)] if at_rest.state == "finished" else self._drop(at_rest)
        if stopping and end.how in ("stopped", "died"):
            progress = self._statuses[name].progress
            where = f"at {progress.fraction:.0%}" if progress else "half-way"
            return self._drop(Status(name, "left", line=f"stopped {where}"))
        if end.how in ("stopped", "died"):
            return self._dead(name, end.line or "it was stopped from outside", now)
        if end.how == "held":
            deaths, last = self._deaths.get(name, (0, -math.inf))
            if deaths and now - last < HELD_SECONDS:
                self._not_before[name] = now + PAUSE_SECONDS
                return [self._set(Status(name, "waiting", line="waiting for what is left of its last worker"))]
            return self._drop(Status(name, "left", line="at work elsewhere"))
        where = "it ended, but its files are not here: give a folder that every machine sees"
        return self._drop(Status(name, "failed", line=where if end.how == "finished" else end.line))

    def leave_rest(self, line: str) -> list[Status]:
        """Leave what has not started for another time."""
        waiting = [status for status in self._statuses.values() if status.state == "waiting"]
        return [self._set(Status(status.name, "left", line=line)) for status in waiting]

    def look(self) -> None:
        """Read from files how far the running jobs have come."""
        for name in self.running:
            self._set(replace(self._statuses[name], progress=self._progress(name)))

    def knows_seconds_of(self, name: str) -> bool:
        """Whether `seconds_of` answers without asking the job, which may take it a second."""
        return name in self._estimates or self._statuses[name].progress is not None

    def seconds_of(self, name: str) -> float | None:
        """Seconds that a job will still take, as far as that is known."""
        status = self._statuses[name]
        if status.progress is not None and status.progress.fraction > 0:
            return status.progress.seconds * (1 - status.progress.fraction) / status.progress.fraction
        if name not in self._estimates:
            try:
                self._estimates[name] = self.jobs[name].estimate()
            except (UserError, MemoryError):  # whoever executes it will say so
                self._estimates[name] = None
        return self._estimates[name]

    def seconds_left(self, workers: int) -> float | None:
        """Seconds until all is done by so many workers; jobs of unknown length take what the others take on average.

        At most one job is asked that was not asked before.
        """
        open_jobs = [status for status in self._statuses.values() if status.state in ("waiting", "running")]
        known: list[float] = []
        asked = False
        for status in open_jobs:
            is_new = not self.knows_seconds_of(status.name)
            if not (is_new and asked) and (seconds := self.seconds_of(status.name)) is not None:
                known.append(seconds)
            asked = asked or is_new
        if not known:
            return None if open_jobs else 0.0
        return max(max(known), sum(known) / len(known) * len(open_jobs) / max(workers, 1))

    def outcome(self) -> Outcome:
        """What became of the jobs."""
        by_state = {
            state: {status.name: status.line for status in self._statuses.values() if status.state == state}
            for state in ("finished", "failed", "left")
        }
        return Outcome(finished=tuple(by_state["finished"]), failed=by_state["failed"], left=by_state["left"])

    def _dead(self, name: str, line: str, now: float) -> list[Status]:
        deaths = self._deaths.get(name, (0, 0.0))[0] + 1
        self._deaths[name] = (deaths, now)
        if deaths > RESTARTS:
            return self._drop(Status(name, "failed", line=f"its worker died {deaths} times, the last time {line}"))
        return [self._set(Status(name, "waiting", line=f"its worker died {line}; it goes on from its checkpoint"))]

    def _drop(self, status: Status) -> list[Status]:
        return [self._set(status), *self._leave_those_after(status.name)]

    def _leave_those_after(self, name: str) -> list[Status]:
        """Leave the jobs that come after one that will not be finished, and those after them."""
        left: list[Status] = []
        for job in self.jobs.values():
            if name in job.after and self._statuses[job.name].state == "waiting":
                left.append(self._set(Status(job.name, "left", line=f"{name} was not finished")))
                left += self._leave_those_after(job.name)
        return left

    def _progress(self, name: str) -> Progress | None:
        try:
            return self.jobs[name].progress()
        except UserError:  # whoever executes it will say so
            return None

    def _set(self, status: Status) -> Status:
        self._statuses[status.name] = status
        return status


def _at_rest(job: Job) -> Status:
    """A job that nobody is doing."""
    try:
        return Status(job.name, "finished" if job.is_done() else "waiting")
    except UserError as trouble:
        return Status(job.name, "failed", line=str(trouble))


def _check(jobs: Sequence[Job]) -> None:
    names = [job.name for job in jobs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"two jobs are called {twice!r}: give each a name of its own")
    done: set[str] = set()
    rest = {job.name: set(job.after) for job in jobs}
    for name, before in rest.items():
        if unknown := sorted(before - rest.keys()):
            raise UserError(f"{name} comes after {unknown[0]!r}, which is not among the jobs")
    while rest:
        free = [name for name, before in rest.items() if before <= done]
        if not free:
            raise UserError(f"{', '.join(sorted(rest))} come after each other: none can start")
        done.update(free)
        rest = {name: before for name, before in rest.items() if name not in done}
