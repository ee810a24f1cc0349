"""list, describe, doctor, train, evaluate and the notebook interface."""

import json
import runpy
from pathlib import Path

import pytest

import icl_lab
from icl_lab.catalogue import KINDS
from tests.end_to_end.commands import Icl

SMALL = ("--scale", "smoke", "training.budget.amount=4", "--device", "cpu", "--threads", "1")


def test_everything_that_is_listed_can_be_described(icl: Icl) -> None:
    listing = json.loads(icl("list", "--json").out)
    assert set(listing) == set(KINDS)
    for kind, members in listing.items():
        for name, sentence in members.items():
            assert sentence, f"{name} has no first sentence"
            entries = json.loads(icl("describe", name, "--json").out)
            (entry,) = [entry for entry in entries if entry["kind"] == kind]
            assert all(field["allowed"] for field in entry["fields"])
            without = [field["name"] for field in entry["fields"] if not field["meaning"]]
            assert not without, f"{name} does not say what {without} mean"


def test_list_and_describe_are_readable(icl: Icl) -> None:
    assert "mambaformer" in icl("list").out
    printed = icl("describe", "mambaformer", "num_layers=1").out
    assert "mamba -> attention -> mamba" in printed
    assert "Park et al. 2024" in printed
    both = icl("describe", "decision_tree").out
    assert "(task)" in both
    assert "(baseline)" in both


def test_doctor_says_what_is_live(icl: Icl) -> None:
    report = json.loads(icl("doctor", "--json").out)
    assert report["kernels"]
    assert "kernels" in icl("doctor").out


def test_a_run_is_trained_and_evaluated_on_longer_prompts(icl: Icl, tmp_path: Path) -> None:
    arguments = ("train", "linear_regression", "dim=3", "length=8", "--model", "mamba", *SMALL, "--out", str(tmp_path))
    run = json.loads(icl(*arguments, "--json").out)
    folder = run["folder"]
    assert Path(folder).parent == tmp_path / "runs"
    evaluated = json.loads(icl("evaluate", folder, "length=12", "--prompts", "16", "--json").out)
    rows = [row for row in evaluated["rows"] if row["predictor"].startswith("mamba")]
    assert [row["shown"] for row in rows] == list(range(12))
    assert "least_squares" in icl("evaluate", folder, "--prompts", "16").out


def test_the_same_words_serve_in_a_notebook() -> None:
    task = icl_lab.task("linear_regression", dim=3, length=8)
    model = icl_lab.train(icl_lab.model("mamba", d_model=16, num_layers=1), task, steps=3)
    curves = icl_lab.learning_curve([model, icl_lab.baseline("least_squares")], task, num_prompts=16)
    frame = curves.frame()
    assert frame["shown"].max() == 7
    assert curves.plot().axes
    with pytest.raises(icl_lab.UserError, match="did you mean dim"):
        icl_lab.task("linear_regression", dmi=3)
    with pytest.raises(icl_lab.UserError, match="both"):
        icl_lab.train(icl_lab.model("mamba"), task, steps=1, seconds=1)


def test_help_teaches_by_example(icl: Icl) -> None:
    assert "icl compare linear_regression" in icl("--help").out
    for command in ("compare", "train", "evaluate", "describe", "report"):
        assert f"icl {command} " in icl(command, "--help").out.split("Options")[0].split("Usage")[1].split("\n", 1)[1]


def test_the_module_runs_like_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["icl", "list", "task", "--json"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_module("icl_lab", run_name="__main__")
    assert stopped.value.code == 0
    assert "linear_regression" in json.loads(capsys.readouterr().out)["task"]
