"""Training runs carried out by workers leave what a training in this process leaves, whatever happens on the way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from icl_lab.core.records import read_records
from icl_lab.sweep.base import EXECUTORS, Job, Outcome, Watcher
from icl_lab.sweep.executors.local import Local
from icl_lab.sweep.training_job import TrainingJob
from icl_lab.training.optimisers.adam import Adam
from icl_lab.training.run import run_folder, train_run
from icl_lab.training.schedules.constant import Constant
from icl_lab.training.spec import RunSpec
from tests.end_to_end.sweep_jobs import KilledOnce
from tests.unit.sweep.test_local import wait_until
from tests.unit.training.tiny import tiny_run

ROOT = Path(__file__).parents[2]
COMMON = {"steps": 20, "checkpoint_interval": 3, "record_interval": 2, "held_out_interval": 10, "held_out_prompts": 8}
RUNS = [tiny_run(**COMMON, seed=seed) for seed in (0, 1)]
DIVERGES = tiny_run(steps=40, optimiser=Adam(rate=1e30), warmup=0, schedule=Constant())


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """Two runs, the worker of the first killed after step 11, and one that diverges."""
    out = tmp_path_factory.mktemp("swept")
    jobs: list[Job] = [
        TrainingJob(DIVERGES, "diverges", run_folder(out, DIVERGES)),
        KilledOnce(RUNS[0], "killed", run_folder(out, RUNS[0]), step=11),
        TrainingJob(RUNS[1], "untouched", run_folder(out, RUNS[1])),
    ]
    return out, Local(workers=2).run(jobs, Watcher())


@pytest.mark.parametrize("run", RUNS, ids=["killed half-way", "untouched"])
def test_workers_leave_the_bytes_and_rows_that_a_training_here_leaves(
    swept: tuple[Path, Outcome], tmp_path: Path, run: RunSpec
) -> None:
    out, outcome = swept
    assert outcome.finished == ("killed", "untouched")
    assert (run_folder(out, RUNS[0]).parent / f"{RUNS[0].digest()}.killed").exists()
    train_run(run, tmp_path)
    theirs = run_folder(out, run)
    for name in ("checkpoint.safetensors", "checkpoint.previous.safetensors", "spec.json"):
        assert (theirs / name).read_bytes() == (tmp_path / name).read_bytes()
    timeless = ~pl.col("metric").is_in(["seconds", "tokens_per_second"])
    rows = [read_records(folder / "records.jsonl").filter(timeless) for folder in (theirs, tmp_path)]
    assert len(rows[0])
    assert rows[0].equals(rows[1])


def test_a_run_that_diverges_fails_with_its_own_line(swept: tuple[Path, Outcome]) -> None:
    _, outcome = swept
    assert list(outcome.failed) == ["diverges"]
    assert outcome.failed["diverges"].startswith("training diverged: the ")


def test_ctrl_c_keeps_the_step_and_the_same_call_goes_on(tmp_path: Path) -> None:
    run = tiny_run(steps=200, checkpoint_interval=10**6, record_interval=1)
    job = TrainingJob(run, "tiny", run_folder(tmp_path, run))
    script = f"""
from pathlib import Path
from icl_lab.sweep.base import Watcher
from icl_lab.sweep.executors.local import Local
from icl_lab.sweep.training_job import TrainingJob
from icl_lab.training.run import run_folder
from tests.unit.training.tiny import tiny_run
run = tiny_run(steps=200, checkpoint_interval=10**6, record_interval=1)
Local(workers=1).run([TrainingJob(run, "tiny", run_folder(Path({str(tmp_path)!r}), run))], Watcher())
"""
    path = os.pathsep.join([str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", script]
    environment = os.environ | {"PYTHONPATH": path}
    caller = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_until(lambda: job.progress() is not None)
    os.killpg(caller.pid, signal.SIGINT)  # as a terminal does
    _, errors = caller.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    stopped_at = read_records(job.folder / "records.jsonl")["step"].max()
    assert 0 < stopped_at < 200  # the interval alone would have kept nothing
    assert (job.folder / "checkpoint.safetensors").exists()
    job.execute(1)
    train_run(run, tmp_path / "whole")
    names = [folder / "checkpoint.safetensors" for folder in (job.folder, tmp_path / "whole")]
    assert names[0].read_bytes() == names[1].read_bytes()
    steps = read_records(job.folder / "records.jsonl").filter(metric="loss")["step"].to_list()
    assert steps == list(range(1, 201))


@pytest.mark.parametrize("name", EXECUTORS.names())
def test_every_executor_says_what_it_is(icl, name: str) -> None:
    done = icl("describe", name)
    assert done.status == 0
    assert "executor" in done.out
