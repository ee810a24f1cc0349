"""Do the rows of a study depend on where it ran? A two-node Ray cluster that loses a node, against this machine.

Measured times apart, every row must be the same. Needs the extra `ray`.

    python benchmarks/ray_study.py [--study time_to_icl] [--parts linear_5]
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal

from icl_lab.report.comparison.folder import read_comparison
from icl_lab.studies.base import STUDIES, Study
from icl_lab.studies.running.carry_out import carry_out
from icl_lab.sweep.base import Executor, Status, Watcher
from icl_lab.sweep.executors.local import Local
from icl_lab.sweep.executors.ray import Ray

TIMES = ("seconds", "training_seconds", "tokens_per_second", "ms_per_prompt")


class LosesANode(Watcher):
    """Takes a node away when half of the first jobs it is shown are over."""

    def __init__(self, cluster, node) -> None:  # type: ignore[no-untyped-def]
        self.cluster, self.node = cluster, node
        self.lost_after = ""

    def show(self, statuses: Sequence[Status], seconds_left: float | None) -> None:
        over = sum(status.state == "finished" for status in statuses)
        if not self.lost_after and 2 * over >= len(statuses):
            self.lost_after = f"{over} of {len(statuses)} jobs"
            self.cluster.remove_node(self.node, allow_graceful=False)


def rows(study: Study, parts: Sequence[str], executor: Executor, watch: Watcher, out: Path) -> dict[str, pl.DataFrame]:
    """Part -> its rows but for times, in an order that is theirs."""
    begin = time.perf_counter()
    done = carry_out(study, "smoke", out, executor, watch, only=parts)
    assert not done.failed, done.failed
    print(f"{executor.spec_name()}: {time.perf_counter() - begin:.0f} s")
    names = parts or [part.name for part in study.parts("smoke")]
    return {name: read_comparison(out / name).records.filter(~pl.col("metric").is_in(TIMES)) for name in names}


def main() -> None:
    """Run both, compare, say what came out."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--study", default="time_to_icl")
    parser.add_argument("--parts", default="")
    options = parser.parse_args()
    study, parts = STUDIES.get(options.study)(), [name for name in options.parts.split(",") if name]
    from ray.cluster_utils import Cluster

    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    watch = LosesANode(cluster, cluster.add_node(num_cpus=1))
    with tempfile.TemporaryDirectory() as folder:
        there = rows(study, parts, Ray(address=cluster.address), watch, Path(folder) / "ray")
        here = rows(study, parts, Local(workers=1), Watcher(), Path(folder) / "local")
    cluster.shutdown()
    assert watch.lost_after, "no node was lost"
    for name, frame in here.items():
        assert_frame_equal(there[name], frame)
    count = sum(map(len, here.values()))
    print(f"a node was lost after {watch.lost_after}: all {count} rows of {len(here)} parts are the same")


if __name__ == "__main__":
    main()
