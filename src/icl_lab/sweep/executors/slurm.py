"""Slurm, through submitit. The only file that knows submitit."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from icl_lab.core.bounds import Count, Positive
from icl_lab.core.errors import UserError
from icl_lab.sweep.base import EXECUTORS, Executor, Job, Outcome, Watcher
from icl_lab.sweep.carry_out import carry_out
from icl_lab.sweep.crew import Crew, End, How
from icl_lab.sweep.worker_process import execute_in_child, pickled

POLL_SECONDS = 0.25


@EXECUTORS.register
@dataclass(frozen=True, kw_only=True)
class Slurm(Executor):
    """Jobs under Slurm, submitted as arrays from a machine that stays and waits for them.

    A job that runs into its time limit or is preempted writes a checkpoint, is queued again and goes on from there. The
    machines share the folder of results and have this package installed.

    Args:
        partition: Of the cluster; its default one if none.
        minutes: Time limit of one job, after which it is queued again.
        mem_gb: Memory of one job, in gigabytes.
        threads: Cores of one job.
        gpus: GPUs of one job; 0 for none.
        at_once: Jobs that are queued or run at once.
        account: That pays for the time; none for the user's own.
        logs: Folder of what jobs print, on a disk that every machine sees.
        cluster: `"slurm"`, or `"local"` for processes on this machine in its place, to try the settings.
    """

    partition: str | None = None
    minutes: Count = 120
    mem_gb: Positive = 4.0
    threads: Count = 1
    gpus: Literal[0, 1] = 0
    at_once: Count = 100
    account: str | None = None
    logs: str = "slurm_logs"
    cluster: Literal["slurm", "local"] = "slurm"

    def run(self, jobs: Sequence[Job], watch: Watcher, deadline_seconds: float | None = None) -> Outcome:
        return carry_out(jobs, lambda: _SlurmCrew(_submitit(), self), watch, deadline_seconds)


class Attempt:
    """What a machine of the cluster calls, and what submitit queues again when its time is up.

    Args:
        job: The job, pickled.
        threads: That it may use.
    """

    def __init__(self, job: bytes, threads: int) -> None:
        self.job = job
        self.threads = threads

    def __call__(self) -> tuple[How, str]:
        """Do the job in a child process."""
        return execute_in_child(self.job, self.threads)

    def checkpoint(self) -> Any:
        """The same once more: everything that was done is in the job's own files."""
        return _submitit().helpers.DelayedSubmission(self)


class _SlurmCrew(Crew):
    def __init__(self, submitit: Any, settings: Slurm) -> None:
        self._settings = settings
        self._submitted: dict[Any, str] = {}
        self._stopping = False
        try:
            self._executor = submitit.AutoExecutor(folder=Path(settings.logs) / "%j", cluster=settings.cluster)
        except RuntimeError as trouble:
            raise UserError(f"no Slurm here: {trouble}") from None
        self._executor.update_parameters(**_parameters(settings))

    @property
    def size(self) -> int:
        return self._settings.at_once

    @property
    def running(self) -> Collection[str]:
        return self._submitted.values()

    def start(self, jobs: Sequence[Job]) -> None:
        attempts = [Attempt(pickled(job), self._settings.threads) for job in jobs]
        with self._executor.batch():
            submitted = [self._executor.submit(attempt) for attempt in attempts]
        self._submitted |= {task: job.name for task, job in zip(submitted, jobs, strict=True)}

    def wait(self, seconds: float) -> list[End]:
        until = time.monotonic() + seconds
        while True:
            ends = [self._end(task) for task in list(self._submitted) if task.done()]
            left = until - time.monotonic()
            if ends or left <= 0:
                return ends
            time.sleep(min(POLL_SECONDS, left))

    def ask_to_stop(self) -> None:
        self._stopping = True
        for task in self._submitted:
            task.cancel()  # SIGTERM to the worker, and SIGKILL half a minute later

    def close(self) -> None:
        if self._submitted and not self._stopping:
            self.ask_to_stop()

    def _end(self, task: Any) -> End:
        name = self._submitted.pop(task)
        if self._stopping:
            return End(name, "stopped")  # submitit would wait for a result that is not coming
        trouble = task.exception()
        if trouble is None:
            how, line = task.result()
            return End(name, how, line)
        return End(name, "died", f"as {task.state}, see {task.paths.stderr}")


def _parameters(settings: Slurm) -> dict[str, Any]:
    """The settings in submitit's words; those that only Slurm has are left out where it is not asked."""
    own = {"slurm_partition": settings.partition, "slurm_account": settings.account}
    return {
        "name": "icl",
        "timeout_min": settings.minutes,
        "cpus_per_task": settings.threads,
        "mem_gb": settings.mem_gb,
        "gpus_per_node": settings.gpus,
        "slurm_array_parallelism": settings.at_once,
    } | {key: value for key, value in own.items() if value is not None}


def _submitit() -> Any:
    try:
        import submitit
    except ImportError:
        raise UserError("the executor slurm needs submitit: pip install 'icl-lab[slurm]', or use another one") from None
    return submitit
