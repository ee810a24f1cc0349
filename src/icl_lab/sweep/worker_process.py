"""The other end of a worker: a child process that is given jobs and asked how they ended."""

import json
import os
import pickle
import select
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import IO

from icl_lab.sweep.base import Job
from icl_lab.sweep.crew import GRACE_SECONDS, How
from icl_lab.sweep.worker import HEADER

THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "POLARS_MAX_THREADS",
)  # fmt: skip
POLL_SECONDS = 0.25


class WorkerProcess:
    """A child process that does one job at a time. It ends with this process, however this one ends.

    Args:
        threads: That it may use; libraries are told before they are loaded.
    """

    def __init__(self, threads: int) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the worker
        self._process = subprocess.Popen(
            [sys.executable, "-m", "icl_lab.sweep.worker", str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_environment(threads),
            process_group=0,  # Ctrl-C is for the process that watches; it asks the workers to stop
        )

    def fileno(self) -> int:
        """What is to be read from when the job has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def hand_over(self, job: bytes) -> None:
        """Give it a pickled job to do. Where it is dead, `answer` tells."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(len(job).to_bytes(HEADER, "big") + job)
            self._process.stdin.flush()

    def answer(self) -> tuple[How, str]:
        """Wait for the end of the job: how, and why, in one line."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            how, why = json.loads(line)
            return how, why
        status = self._process.wait()
        return "died", self._last_words(status)

    def ask_to_stop(self) -> None:
        """Ask it to stop the job, where it can go on, and to end."""
        self._process.terminate()

    def close(self, grace_seconds: float = 0.0) -> None:
        """End it, by force after the time of grace."""
        try:
            self._process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            assert stream is not None
            with suppress(BrokenPipeError):  # of a job that it never read
                stream.close()

    def _last_words(self, status: int) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        return f"{how}: {said}" if said else how


def pickled(job: Job) -> bytes:
    """A job as it travels."""
    return pickle.dumps(job)


def execute_in_child(job: bytes, threads: int) -> tuple[How, str]:
    """Do a pickled job in a child of this process, and wait for it; what Ray and Slurm run on their machines.

    Where this call is interrupted, by whatever exception, the child is stopped softly before that goes on its way.
    """
    worker = WorkerProcess(threads)
    try:
        worker.hand_over(job)
        # Ray interrupts Python, not the system call that Python is waiting in.
        while not select.select([worker], [], [], POLL_SECONDS)[0]:
            pass
        return worker.answer()
    finally:
        worker.ask_to_stop()
        worker.close(GRACE_SECONDS)


def _environment(threads: int) -> dict[str, str]:
    """Few threads, and the modules that this process can import."""
    path = os.pathsep.join(place for place in sys.path if place)
    return os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads)) | {"PYTHONPATH": path}
