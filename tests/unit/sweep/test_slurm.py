"""The path of a submission, with processes on this machine in the place of Slurm."""

import gc
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from icl_lab.core.errors import UserError
from icl_lab.sweep.base import Status, Watcher
from icl_lab.sweep.executors import slurm
from icl_lab.sweep.executors.local import Local
from icl_lab.sweep.executors.slurm import Slurm
from tests.unit.sweep.jobs import Counting, is_alive, order

pytestmark = pytest.mark.filterwarnings("ignore")  # submitit leaves its processes to the collector


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slurm]:
    """Submits to this machine; its processes import what this one imports."""
    submitit = pytest.importorskip("submitit", reason="the extra `slurm` is not installed")
    # How long it waits for the result of a job that died; on this machine there is no slow disk between the two.
    monkeypatch.setattr(submitit.Job, "_results_timeout_s", 0.5)
    monkeypatch.setenv("PYTHONPATH", ":".join(place for place in sys.path if place))
    yield Slurm(cluster="local", logs=str(tmp_path / "logs"), at_once=2)
    gc.collect()  # what it left open is closed here, where warnings of that are not errors


def test_it_comes_to_the_same_as_local_workers(tmp_path: Path, here: Slurm) -> None:
    def jobs(folder: Path) -> list[Counting]:
        folder.mkdir()
        return [
            Counting("evaluation", folder, after=("killed", "b")),
            Counting("killed", folder, deaths=1),
            Counting("b", folder),
            Counting("wrong", folder, trouble="no"),
        ]

    there, local = jobs(tmp_path / "slurm"), jobs(tmp_path / "local")
    outcome = here.run(there, Watcher())
    assert outcome == Local(workers=2).run(local, Watcher())
    assert outcome.finished == ("evaluation", "killed", "b")
    assert order(tmp_path / "slurm")[-1] == "evaluation"
    for one, other in zip(there[:3], local[:3], strict=True):
        assert one.path.read_bytes() == other.path.read_bytes()


class Preempts(Watcher):
    """Tells a machine that its time is up, once the job has begun to count, as Slurm does before it takes it away."""

    def __init__(self, job: Counting) -> None:
        self.job, self.told = job, False

    def show(self, statuses: Sequence[Status], seconds_left: float | None) -> None:
        if not self.told and self.job.count() >= 3:
            self.told = True
            worker = Path(f"/proc/{self.job.starts[0]}/stat").read_text()
            parent = int(worker.rsplit(")", 1)[1].split()[1])
            os.kill(parent, signal.SIGUSR2)


def test_a_job_whose_time_is_up_is_queued_again_and_goes_on(tmp_path: Path, here: Slurm) -> None:
    job = Counting("long", tmp_path, steps=40, pause=0.1)
    watch = Preempts(job)
    assert here.run([job], watch).finished == ("long",)
    assert watch.told
    assert len(job.starts) == 2
    assert job.path.read_text().split() == [str(number) for number in range(1, 41)]


def test_at_the_deadline_jobs_are_cancelled(tmp_path: Path, here: Slurm) -> None:
    slow = Counting("slow", tmp_path, steps=10_000, pause=0.02)
    outcome = here.run([slow], Watcher(), deadline_seconds=5.0)
    assert outcome.left["slow"].startswith("stopped at")
    assert slow.count() > 0
    assert not is_alive(int(slow.starts[0]))


def test_settings_reach_the_submission() -> None:
    given = slurm._parameters(Slurm(partition="cpu", minutes=30, mem_gb=2.5, threads=2, at_once=7))
    assert given == {
        "name": "icl",
        "slurm_partition": "cpu",
        "timeout_min": 30,
        "mem_gb": 2.5,
        "cpus_per_task": 2,
        "gpus_per_node": 0,
        "slurm_array_parallelism": 7,
    }


def test_where_there_is_no_slurm_one_line_says_so(tmp_path: Path) -> None:
    pytest.importorskip("submitit", reason="the extra `slurm` is not installed")
    with pytest.raises(UserError, match="no Slurm here"):
        Slurm(logs=str(tmp_path)).run([Counting("a", tmp_path)], Watcher())


def test_without_submitit_one_line_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(UserError, match=r"pip install 'icl-lab\[slurm\]'"):
        Slurm().run([Counting("a", tmp_path)], Watcher())
