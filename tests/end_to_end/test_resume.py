"""A run that was killed and resumed is the run that was not."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from icl_lab.core.records import read_records
from icl_lab.training.run import load_run
from tests.end_to_end.killed_runs import KILLS, RUNS

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, "-m", "tests.end_to_end.killed_runs", str(folder)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("name", RUNS)
def test_a_run_killed_at_random_steps_and_resumed_leaves_the_same_bytes(killed: Path, name: str) -> None:
    ends = json.loads((killed / "ends.json").read_text())[name]
    # Otherwise nothing was killed, and equal bytes would say nothing.
    assert ends == [0, *[signal.SIGKILL] * KILLS, 0]
    folder = killed / str(list(RUNS).index(name))
    for file in ("checkpoint.safetensors", "checkpoint.previous.safetensors", "spec.json"):
        assert (folder / "killed" / file).read_bytes() == (folder / "whole" / file).read_bytes(), file


@pytest.mark.parametrize("name", RUNS)
def test_its_training_curve_has_every_row_once(killed: Path, name: str) -> None:
    folder = killed / str(list(RUNS).index(name))
    timeless = ~pl.col("metric").is_in(["seconds", "tokens_per_second"])
    whole, resumed = (read_records(folder / way / "records.jsonl") for way in ("whole", "killed"))
    assert len(resumed) == len(whole) > 0
    assert resumed.filter(timeless).equals(whole.filter(timeless))
    seconds = resumed.filter(pl.col("metric") == "seconds")["value"]
    assert seconds.is_sorted()


def test_the_finished_run_is_read_back(killed: Path) -> None:
    spec, network = load_run(killed / "0" / "killed")
    assert spec == RUNS["adam"]
    assert not network.training
