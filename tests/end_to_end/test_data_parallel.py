"""Two processes train the run that one process trains."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import torch

from icl_lab.core.files import read_json, write_json
from icl_lab.core.records import read_records
from icl_lab.training.observers.collector import Collector
from icl_lab.training.run import load_run, run_folder, train
from icl_lab.training.spec import RunSpec
from tests.unit.training.tiny import tiny_run

ROOT = Path(__file__).parents[2]
# Nine prompts: the processes get four and five, so an average of their averages would be wrong.
SPEC = tiny_run(steps=8, batch=9, record_interval=1, held_out_interval=4)


def launch(spec: RunSpec, folder: Path) -> subprocess.CompletedProcess[str]:
    """Train on two CPU processes, as a user would."""
    write_json(folder / "run.json", spec.to_json())
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return subprocess.run(
        [*torchrun, "-m", "icl_lab.training", "run.json", "--out", "out"],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parallel")
    done = launch(SPEC, folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("step 8 of 8") == 1  # one process talks
    return run_folder(folder / "out", SPEC)


def test_two_processes_have_the_losses_and_weights_of_one(launched: Path) -> None:
    alone = Collector()
    network = train(SPEC, [alone])
    rows = read_records(launched / "records.jsonl")
    losses = rows.filter(pl.col("metric") == "loss")
    assert losses["step"].to_list() == list(range(1, 9))  # one process writes
    # float32: sums of a few hundred terms in two orders, eight steps of AdamW on top
    assert losses["value"].to_list() == pytest.approx(alone.losses, rel=1e-5)
    norms = rows.filter(pl.col("metric") == "gradient_norm")["value"].to_list()
    assert norms == pytest.approx([result.gradient_norm for result in alone.results], rel=1e-4)
    _, parallel = load_run(launched)
    for name, weights in network.state_dict().items():
        torch.testing.assert_close(parallel.state_dict()[name], weights, rtol=1e-3, atol=1e-5)


def test_the_environment_says_how_many_there_were(launched: Path) -> None:
    assert read_json(launched / "environment.json")["processes"] == 2
