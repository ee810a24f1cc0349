"""What a job is, who watches jobs, and what carries them out."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered

State = Literal["waiting", "running", "finished", "failed", "left"]

EXECUTORS: Registry["Executor"] = Registry("executor", "icl_lab.sweep.executors")


@dataclass(frozen=True)
class Progress:
    """How far a job has come, as its files say.

    Args:
        fraction: Of the whole job, in [0, 1].
        seconds: Spent on it so far.
        note: What there is to say of it, such as its error as of now.
    """

    fraction: float
    seconds: float
    note: str = ""


@runtime_checkable
class Job(Protocol):
    """A piece of work that leaves files behind. A frozen value that can be pickled and sent to another machine."""

    @property
    def name(self) -> str:
        """Short text for tables, unlike that of any other job of the list: `"sparse_parity mamba seed 1"`."""

    @property
    def after(self) -> tuple[str, ...]:
        """Names of the jobs that must be finished before this one starts."""

    def is_done(self) -> bool:
        """Whether its files are there, whole. Reads files only."""

    def execute(self, threads: int) -> None:
        """Do the work in this process, going on from what files hold of it.

        May raise `UserError` where it cannot be done, `AtWork` where somebody else is doing it. While it runs,
        `Stopped` may be raised at any point where Python is executed; see `stopping.deferred` for jobs that want to
        choose the point.

        Args:
            threads: How many it may use.
        """

    def progress(self) -> Progress | None:
        """How far it has come; None where files do not say. Called every second by another process than the work's."""

    def estimate(self) -> float | None:
        """Seconds that it will still take on one worker; None where that is not known."""


@dataclass(frozen=True)
class Status:
    """A job as it stands.

    Args:
        name: Of the job.
        state: Waiting for a worker or another job; running; finished; failed; or left for another time.
        progress: How far it has come, where it is running and that is known.
        line: Why it failed or was left; what else there is to know.
    """

    name: str
    state: State
    progress: Progress | None = None
    line: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of the jobs.

    Args:
        finished: Names of those that are done, now or before, in the order of the list.
        failed: Name -> why, in one line.
        left: Name -> why it was not done, in one line; the same call goes on with these.
    """

    finished: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, str] = field(default_factory=dict)


class Watcher:
    """Is told of jobs. Every method may be left as it is."""

    def begin(self, statuses: Sequence[Status]) -> None:
        """The work begins; jobs that were done before are finished already."""

    def changed(self, status: Status) -> None:
        """A job changed its state, or has to be started again."""

    def show(self, statuses: Sequence[Status], seconds_left: float | None) -> None:
        """All jobs as they stand, every second or so.

        Args:
            statuses: In the order of the list.
            seconds_left: Until all are done, as far as that can be told.
        """

    def end(self, outcome: Outcome) -> None:
        """The work ended, or was interrupted."""


@dataclass(frozen=True, kw_only=True)
class Executor(Registered):
    """Workers of some kind, and how many."""

    registry = EXECUTORS

    @abstractmethod
    def run(self, jobs: Sequence[Job], watch: Watcher, deadline_seconds: float | None = None) -> Outcome:
        """Carry out jobs in their order, as far as what they come after and the time allow.

        Args:
            jobs: The most important first.
            watch: Who is told.
            deadline_seconds: When to stop, from now on; what is not done by then goes on at the next call.

        Raises:
            UserError: The list of jobs makes no sense, or the workers cannot be had. A job that fails raises nothing.
            KeyboardInterrupt: After the workers were stopped.
        """
