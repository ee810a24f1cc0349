"""A Ray cluster: two nodes on this machine."""

import gc
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from icl_lab.core.errors import UserError
from icl_lab.sweep.base import Outcome, Status, Watcher
from icl_lab.sweep.executors import ray
from icl_lab.sweep.executors.local import Local
from icl_lab.sweep.executors.ray import Ray
from tests.unit.sweep.jobs import Counting, is_alive

# Ray's own processes and sockets are its own affair.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster of one node; a node may be added. Its processes import what this one imports."""
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    from ray.cluster_utils import Cluster

    root = Path(__file__).parents[3]
    paths = [str(root), str(root / "src"), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    yield cluster
    cluster.shutdown()
    gc.collect()  # what it left open is closed here, where warnings of that are not errors


class LosesANode(Watcher):
    """Takes a node away as soon as both jobs have begun to count."""

    def __init__(self, cluster: Any, node: Any, jobs: Sequence[Counting]) -> None:
        self.cluster, self.node, self.jobs = cluster, node, jobs
        self.lost = False

    def show(self, statuses: Sequence[Status], seconds_left: float | None) -> None:
        if not self.lost and all(job.count() >= 3 for job in self.jobs[:2]):
            self.lost = True
            self.cluster.remove_node(self.node, allow_graceful=False)


class StopsOnceBegun(Watcher):
    """Presses Ctrl-C as soon as a job has begun to count, however slow the machine is."""

    def __init__(self, job: Counting) -> None:
        self.job, self.outcome = job, Outcome()

    def show(self, statuses: Sequence[Status], seconds_left: float | None) -> None:
        if self.job.count() > 0:
            raise KeyboardInterrupt

    def end(self, outcome: Outcome) -> None:
        self.outcome = outcome


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the jobs that were still running when a crew was closed."""
    names: list[str] = []
    close = ray._RayCrew.close
    monkeypatch.setattr(ray._RayCrew, "close", lambda crew: (names.extend(crew.running), close(crew)))
    return names


def test_a_node_that_is_lost_half_way_costs_nothing(tmp_path: Path, cluster: Any, killed: list[str]) -> None:
    node = cluster.add_node(num_cpus=1)

    def jobs(folder: Path, pause: float) -> list[Counting]:
        folder.mkdir()
        trainings = [Counting(name, folder, steps=40, pause=pause) for name in "ab"]
        return [
            Counting("evaluation", folder, after=("a", "b")),
            *trainings,
            Counting("wrong", folder, trouble="no"),
        ]

    there, here = jobs(tmp_path / "ray", 0.1), jobs(tmp_path / "local", 0.0)
    watch = LosesANode(cluster, node, there[1:])
    outcome = Ray(address=cluster.address).run(there, watch)
    assert watch.lost
    assert outcome == Local(workers=2).run(here, Watcher())
    assert outcome.finished == ("evaluation", "a", "b")
    assert dict(outcome.failed) == {"wrong": "no"}
    for one, other in zip(there[:3], here[:3], strict=True):
        assert one.path.read_bytes() == other.path.read_bytes()
    assert sorted(len(job.starts) for job in there[1:3]) == [1, 2]

    slow = Counting("slow", tmp_path, steps=10_000, pause=0.02)
    impatient = StopsOnceBegun(slow)
    with pytest.raises(KeyboardInterrupt):
        Ray(address=cluster.address).run([slow], impatient)
    assert killed == [], "it was not stopped softly"
    assert impatient.outcome.left["slow"].startswith("stopped at")
    assert not is_alive(int(slow.starts[0]))


def test_without_ray_one_line_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UserError, match=r"pip install 'icl-lab\[ray\]'"):
        Ray().run([Counting("a", tmp_path)], Watcher())
