"""A Ray cluster. The only file that knows Ray."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.sweep.base import EXECUTORS, Executor, Job, Outcome, Watcher
from icl_lab.sweep.carry_out import carry_out
from icl_lab.sweep.crew import Crew, End
from icl_lab.sweep.worker_process import execute_in_child, pickled


@EXECUTORS.register
@dataclass(frozen=True, kw_only=True)
class Ray(Executor):
    """A Ray cluster whose machines share the folder of results and have this package installed.

    The jobs of a machine that is lost are started again on others and go on from their checkpoints.

    Args:
        address: Of the cluster, or `"auto"` for the one that this machine belongs to; none starts one here.
        workers: Jobs at once; as many as the cluster has cores for by default.
        threads: Of each, and cores that it takes.
    """

    address: str | None = None
    workers: Count | None = None
    threads: Count = 1

    def run(self, jobs: Sequence[Job], watch: Watcher, deadline_seconds: float | None = None) -> Outcome:
        return carry_out(jobs, lambda: _RayCrew(_ray(), self), watch, deadline_seconds)


class _RayCrew(Crew):
    """Ray tasks, each of which does its job in a child process.

    Args:
        ray: The library.
        settings: The executor.
    """

    def __init__(self, ray: Any, settings: Ray) -> None:
        self._ray = ray
        self._settings = settings
        self._joined = not ray.is_initialized()
        if self._joined:
            try:
                ray.init(
                    address=settings.address or "local",
                    num_cpus=None if settings.address else settings.workers and settings.workers * settings.threads,
                    log_to_driver=False,
                    include_dashboard=None if settings.address else False,
                    configure_logging=False,
                )
            except (ConnectionError, RuntimeError, ValueError) as trouble:
                why = str(trouble).split("\n")[0]
                raise UserError(f"no Ray cluster at {settings.address or 'this machine'}: {why}") from None
        # Whether a job is started again is decided where all jobs are seen, so Ray is told not to.
        self._execute = ray.remote(num_cpus=settings.threads, max_retries=0)(execute_in_child)
        self._names: dict[Any, str] = {}

    @property
    def size(self) -> int:
        return self._settings.workers or int(self._ray.cluster_resources().get("CPU", 0)) // self._settings.threads

    @property
    def running(self) -> Collection[str]:
        return self._names.values()

    def start(self, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._names[self._execute.remote(pickled(job), self._settings.threads)] = job.name

    def wait(self, seconds: float) -> list[End]:
        if not self._names:
            time.sleep(seconds)
            return []
        ended, _ = self._ray.wait(list(self._names), timeout=seconds)
        return [self._end(task) for task in ended]

    def ask_to_stop(self) -> None:
        for task in self._names:
            self._ray.cancel(task)  # raises KeyboardInterrupt there, and that stops the child

    def close(self) -> None:
        for task in self._names:
            self._ray.cancel(task, force=True)
        if self._joined:
            self._ray.shutdown()

    def _end(self, task: Any) -> End:
        name = self._names.pop(task)
        errors = self._ray.exceptions
        try:
            how, line = self._ray.get(task)
        except errors.TaskCancelledError:
            return End(name, "stopped")
        except errors.RayTaskError as trouble:
            return End(name, "failed", str(trouble.cause))  # the child could not be started
        except errors.RayError as trouble:
            return End(name, "died", f"with {type(trouble).__name__}")
        return End(name, how, line)


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise UserError("the executor ray needs Ray: pip install 'icl-lab[ray]', or use another one") from None
    return ray
