"""A run and its folder."""

import json
import subprocess
from pathlib import Path

import pytest
import torch

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import exclusive
from icl_lab.core.records import read_records
from icl_lab.training.environment import commit
from icl_lab.training.loop import Diverged, Trainer
from icl_lab.training.observers.base import Observer
from icl_lab.training.observers.collector import Collector
from icl_lab.training.optimisers.adam import Adam
from icl_lab.training.result import StepResult
from icl_lab.training.run import load_run, run_folder, train, train_run
from icl_lab.training.schedules.constant import Constant
from tests.unit.training.tiny import tiny_run


class Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


class InterruptAt(Observer):
    """Interrupts a run after a step."""

    def __init__(self, step: int) -> None:
        self.step = step
        self.ended = False

    def observe(self, result: StepResult) -> None:
        if result.step == self.step:
            raise Interrupted

    def end(self) -> None:
        self.ended = True


def test_the_folder_is_named_by_the_digest_and_holds_what_it_should(tmp_path: Path) -> None:
    spec = tiny_run(steps=4, checkpoint_interval=2)
    folder = run_folder(tmp_path, spec)
    assert folder == tmp_path / "runs" / spec.digest()
    train_run(spec, folder)
    assert {path.name for path in folder.iterdir()} == {
        ".lock",
        "spec.json",
        "environment.json",
        "records.jsonl",
        "checkpoint.safetensors",
        "checkpoint.previous.safetensors",
    }
    environment = json.loads((folder / "environment.json").read_text())
    assert environment["packages"]["torch"] == torch.__version__
    assert (environment["device"], environment["processes"]) == ("cpu", 1)


def test_with_files_or_without_it_is_the_same_training(tmp_path: Path) -> None:
    spec = tiny_run(steps=4)
    with_files, without = train_run(spec, tmp_path), train(spec)
    loaded_spec, loaded = load_run(tmp_path)
    assert loaded_spec == spec
    for network in (with_files, loaded):
        assert not network.training
        assert all(torch.equal(network.state_dict()[name], t) for name, t in without.state_dict().items())


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    spec = tiny_run(steps=4)
    train_run(spec, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    again = Collector()
    train_run(spec, tmp_path, [again])
    assert again.results == []
    with exclusive(tmp_path):  # whoever else reads it
        train_run(spec, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("stop", [1, 3, 4, 5])
def test_an_interrupted_run_goes_on_from_its_last_checkpoint(tmp_path: Path, stop: int) -> None:
    spec = tiny_run(steps=6, checkpoint_interval=2, record_interval=1)
    interrupt, rest = InterruptAt(stop), Collector()
    with pytest.raises(Interrupted):
        train_run(spec, tmp_path, [interrupt])
    assert interrupt.ended
    train_run(spec, tmp_path, [rest])
    # The interruption comes before the checkpoint of its own step.
    assert [result.step for result in rest.results] == list(range((stop - 1) // 2 * 2 + 1, 7))
    losses = [row for row in read_records(tmp_path / "records.jsonl").to_dicts() if row["metric"] == "loss"]
    assert [row["step"] for row in losses] == [1, 2, 3, 4, 5, 6]


def test_rows_of_others_in_the_records_are_kept(tmp_path: Path) -> None:
    spec = tiny_run(steps=6, checkpoint_interval=2, record_interval=1)
    with pytest.raises(Interrupted):
        train_run(spec, tmp_path, [InterruptAt(3)])
    row = {"run": "x", "predictor": "p", "task": "t", "metric": "m", "value": 1.0}
    with (tmp_path / "records.jsonl").open("a") as file:
        file.write(json.dumps(row) + '\n{"torn')
    train_run(spec, tmp_path)
    rows = read_records(tmp_path / "records.jsonl")
    assert rows.filter(rows["run"] == "x").height == 1


def test_a_damaged_line_of_the_records_stops_the_run_and_stays(tmp_path: Path) -> None:
    spec = tiny_run(steps=6, checkpoint_interval=2)
    with pytest.raises(Interrupted):
        train_run(spec, tmp_path, [InterruptAt(3)])
    records = tmp_path / "records.jsonl"
    records.write_bytes(b"rubbish\n" + records.read_bytes())
    before = records.read_bytes()
    with pytest.raises(DamagedFile, match="line 1 is not a record"):
        train_run(spec, tmp_path)
    assert records.read_bytes() == before


def test_the_folder_of_another_run_is_refused_and_left_alone(tmp_path: Path) -> None:
    train_run(tiny_run(steps=2), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UserError, match="belongs to run"):
        train_run(tiny_run(steps=3), tmp_path)
    (tmp_path / "checkpoint.safetensors").unlink()
    with pytest.raises(UserError, match="belongs to run"):
        train_run(tiny_run(steps=3), tmp_path)
    assert all(path.read_bytes() == before[path] for path in tmp_path.iterdir())


def test_divergence_names_the_step_and_the_last_good_checkpoint_and_keeps_it(tmp_path: Path) -> None:
    # A rate that no float32 survives.
    spec = tiny_run(steps=40, checkpoint_interval=1, optimiser=Adam(rate=1e10), warmup=0, clip=0.0, schedule=Constant())
    with pytest.raises(Diverged, match=r"of step \d+ is (nan|inf).*the last good checkpoint is .*checkpoint"):
        train_run(spec, tmp_path)
    _, network = load_run(tmp_path)
    assert all(p.isfinite().all() for p in network.parameters())


def test_divergence_before_the_first_checkpoint_says_so(tmp_path: Path) -> None:
    spec = tiny_run(steps=40, optimiser=Adam(rate=1e30), warmup=0, schedule=Constant())
    with pytest.raises(Diverged, match="no checkpoint was written before it"):
        train_run(spec, tmp_path)


def test_reading_back_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run in"):
        load_run(tmp_path)
    with pytest.raises(Interrupted):
        train_run(tiny_run(), tmp_path, [InterruptAt(1)])
    with pytest.raises(UserError, match="no checkpoint in"):
        load_run(tmp_path)
    (tmp_path / "spec.json").write_text('{"task": {"task": "linear_regression"}}')
    with pytest.raises(DamagedFile, match=r"spec\.json"):
        load_run(tmp_path)


def test_going_on_in_another_environment_is_noted(tmp_path: Path) -> None:
    spec = tiny_run(steps=6, checkpoint_interval=2)
    with pytest.raises(Interrupted):
        train_run(spec, tmp_path, [InterruptAt(3)])
    path = tmp_path / "environment.json"
    before = json.loads(path.read_text())
    path.write_text(json.dumps(before | {"python": "2.7"}))
    train_run(spec, tmp_path)
    after = json.loads(path.read_text())
    assert after["python"] == "2.7"
    assert [later["python"] for later in after["resumed"]] == [before["python"]]


def test_a_commit_is_told_for_our_own_repository_only(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=t", "-c", "user.email=t@t"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], check=True, capture_output=True)

    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\nname = "icl-lab"\n')
    git("init")
    git("add", ".")
    git("commit", "-m", "x")
    clean = commit(tmp_path)
    assert len(clean) == 40
    project.write_text('[project]\nname = "icl-lab"  # changed\n')
    assert commit(tmp_path) == clean + "+changes"
    project.write_text('[project]\nname = "another"\n')
    assert commit(tmp_path) is None


def test_observers_are_told_of_begin_and_end_once(tmp_path: Path) -> None:
    class Told(Observer):
        def __init__(self) -> None:
            self.words: list[object] = []

        def begin(self, spec, step) -> None:
            self.words.append((spec.seed, step))

        def end(self) -> None:
            self.words.append("end")

    told = Told()
    train_run(tiny_run(steps=2, seed=5), tmp_path, [told])
    assert told.words == [(5, 0), "end"]


def test_a_checkpoint_is_written_at_the_end_whatever_the_interval(tmp_path: Path) -> None:
    spec = tiny_run(steps=3, checkpoint_interval=1000)
    train_run(spec, tmp_path)
    trainer = Trainer(spec)
    list(trainer.steps())
    _, network = load_run(tmp_path)
    assert torch.equal(network.read_in.weight, trainer.network.read_in.weight)
