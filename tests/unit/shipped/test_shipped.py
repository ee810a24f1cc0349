"""Trained models that come with the package: packed from runs, found by name, never written to."""

from pathlib import Path

import pytest
import torch

from icl_lab import api
from icl_lab.cli.trained import page_folder, trained_at
from icl_lab.core.errors import UnknownName, UserError
from icl_lab.core.streams import Stream
from icl_lab.evaluation.curves import learning_curve
from icl_lab.shipped.finding import FOLDER, run_at, shipped_folder, shipped_names
from icl_lab.shipped.pack import pack
from icl_lab.training.observers.base import Observer
from icl_lab.training.result import StepResult
from icl_lab.training.run import load_run, run_folder, train_run
from tests.unit.training.tiny import tiny_run

MEGABYTES = 4


class InterruptAt(Observer):
    """Ctrl-C after a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def observe(self, result: StepResult) -> None:
        if result.step == self.step:
            raise KeyboardInterrupt


def test_a_packed_run_answers_as_the_run_does_and_holds_no_more_than_its_weights(tmp_path: Path) -> None:
    spec = tiny_run(steps=4)
    run = run_folder(tmp_path, spec)
    trained = train_run(spec, run)
    folder = pack(run, tmp_path / "models")
    assert folder == tmp_path / "models" / "linear_regression" / "transformer"
    assert {file.name for file in folder.iterdir()} == {"checkpoint.safetensors", "environment.json", "spec.json"}
    prompts = spec.task.sample(Stream(5), step=0, batch=8)
    with torch.no_grad():
        assert torch.equal(load_run(folder)[1](prompts.tokens), trained(prompts.tokens))
    weights = sum(parameter.numel() for parameter in trained.parameters())
    assert (folder / "checkpoint.safetensors").stat().st_size < 4 * weights + 10_000  # the header
    assert pack(run, tmp_path / "models") == folder


def test_what_is_not_finished_or_would_replace_another_model_is_refused(tmp_path: Path) -> None:
    spec, other = tiny_run(steps=4, checkpoint_interval=2), tiny_run(steps=4, seed=1)
    run = run_folder(tmp_path, spec)
    with pytest.raises(KeyboardInterrupt):
        train_run(spec, run, [InterruptAt(3)])
    with pytest.raises(UserError, match="not finished: it did 2 steps"):
        pack(run, tmp_path / "models")
    train_run(spec, run)
    train_run(other, run_folder(tmp_path, other))
    kept = pack(run, tmp_path / "models") / "checkpoint.safetensors"
    before = kept.read_bytes()
    with pytest.raises(UserError, match="holds another run"):
        pack(run_folder(tmp_path, other), tmp_path / "models")
    assert kept.read_bytes() == before


@pytest.mark.parametrize("name", shipped_names())
def test_each_beats_the_zero_predictor_on_its_task_and_lies_in_the_package(name: str) -> None:
    network = api.trained(name)
    curves = learning_curve([network], network.task, 64, seed=3)
    frame = curves.frame().filter(curves.frame()["shown"] == curves.frame()["shown"].max())
    assert frame["high"].item() < network.task.zero_error
    assert trained_at(Path(name))[0].folder == FOLDER / name
    assert page_folder(trained_at(Path(name))[0]) == Path("results", "probe", name.replace("/", "-"))


def test_there_are_some_and_they_are_small() -> None:
    assert shipped_names()
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < MEGABYTES * 2**20


def test_a_path_comes_before_a_name_and_a_wrong_name_is_told_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = shipped_names()[0]
    assert run_at(Path(name)) == shipped_folder(name)
    with pytest.raises(UnknownName, match=f"did you mean {name}"):
        run_at(Path(name + "x"))
    assert run_at(Path("results/first/mamba")) == Path("results/first/mamba")
    Path(name).mkdir(parents=True)
    assert run_at(Path(name)) == Path(name)
