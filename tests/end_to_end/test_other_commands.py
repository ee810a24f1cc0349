"""list, describe, doctor, train, evaluate and the notebook interface."""

import json
import runpy
from pathlib import Path

import pytest

import icl_lab
from icl_lab.catalogue import KINDS
from icl_lab.cli.notes.shipped import TRAINED
from icl_lab.tasks.base import TASKS
from tests.end_to_end.commands import Icl

SMALL = ("--scale", "smoke", "training.budget.amount=4", "--device", "cpu", "--threads", "1")


def test_everything_that_is_listed_can_be_described(icl: Icl) -> None:
    listing = json.loads(icl("list", "--json").out)
    assert set(listing) == {*KINDS, TRAINED}
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
    assert "blocks, for linear_regression: mamba attention mamba\n" in printed
    assert "Park et al. 2024" in printed
    assert "block.<i>.decay         0, 2" in printed
    both = icl("describe", "decision_tree").out
    assert "(task)" in both
    assert "(baseline)" in both


def test_trained_models_are_there_by_name_wherever_one_stands(
    icl: Icl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "4,000 steps" in icl("list", TRAINED).out
    assert "icl probe linear_regression/mamba" in icl("describe", "linear_regression/mamba").out
    asked = icl("evaluate", "linear_regression/mamba", "--prompts", "8", "--device", "cpu", "--threads", "1", "--json")
    rows = {(row["predictor"], row["shown"]): row["error"] for row in json.loads(asked.out)["rows"]}
    assert rows["mamba", 40] < 0.5 * rows["mamba", 0]
    unknown = icl("evaluate", "linear_regression/mamb")
    assert unknown.status == 2
    assert "did you mean linear_regression/mamba" in unknown.err
    assert not any(tmp_path.iterdir())


def test_whatever_names_a_model_can_be_described(icl: Icl) -> None:
    printed = icl("describe", "mamba (attention mamba)*L", "num_layers=3").out
    assert "blocks, for linear_regression: mamba (attention mamba)*3\n" in printed
    printed = icl("describe", "mamba(selective=none,num_layers=1)").out
    assert "blocks, for linear_regression: mamba(selective=none)*2\n" in printed
    (mixer,) = json.loads(icl("describe", "mamba3(d_state=4)", "--json").out)
    assert (mixer["kind"], mixer["spec"]["d_state"]) == ("mixer", 4)
    for text, words in (("mamba (atention)", "character 8: unknown block"), ("manba(d_state=4)", "did you mean mamba")):
        refused = icl("describe", text)
        assert refused.status == 2
        assert words in refused.err
    assert "pattern" in icl("train", "--help").out


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
    printed = icl("evaluate", folder, "--prompts", "16", "length=12").out
    assert "least_squares" in printed
    # Twice the dimension, the end of the prompts of training, the end; a table that is too wide goes on below itself.
    assert {line.split()[0] for line in printed.splitlines() if line[:6].strip().isdigit()} == {"6", "7", "11"}
    assert "12 points of the curve are asked; --all prints them all" in printed
    every = icl("evaluate", folder, "--prompts", "16", "length=12", "--all").out
    assert {line.split()[0] for line in every.splitlines() if line[:6].strip().isdigit()} == {str(i) for i in range(12)}


def test_a_run_is_evaluated_under_a_shift(icl: Icl, tmp_path: Path) -> None:
    arguments = ("train", "linear_regression", "dim=3", "length=4", "--model", "mamba", *SMALL, "--out", str(tmp_path))
    folder = json.loads(icl(*arguments, "--json").out)["folder"]
    shifted = ("evaluate", folder, "--shift", "scaled_labels(scale=2)", "--prompts", "16")
    found = json.loads(icl(*shifted, "--json").out)
    assert found["task"]["label_scale"] == 2
    assert found["shift"] == "scaled_labels(scale=2)"
    plain = json.loads(icl("evaluate", folder, "--prompts", "16", "--json").out)
    for ours, theirs in zip(found["rows"], plain["rows"], strict=True):
        if ours["predictor"] == "averaging":  # linear in the labels
            assert ours["error"] == pytest.approx(4 * theirs["error"], rel=1e-4)
    assert "scaled_labels(scale=2)" in icl(*shifted).out
    alike = icl("evaluate", folder, "--shift", "skewed", "--prompts", "16").out
    assert "more than 64 prompts are needed" in " ".join(alike.split())
    assert "one shift" in icl("evaluate", folder, "--shift", "orthants,noisy_labels").err
    assert "did you mean orthants" in icl("evaluate", folder, "--shift", "orthant").err


@pytest.mark.parametrize("name", TASKS.names())
def test_a_task_is_described_with_its_layout_levels_and_shifts(icl: Icl, name: str) -> None:
    entries = json.loads(icl("describe", name, "--json").out)
    (entry,) = [entry for entry in entries if entry["kind"] == "task"]
    task = TASKS.get(name)()
    assert entry["zero_error"] == task.zero_error
    assert entry["baselines"] == list(task.baselines)
    assert entry["corrected"] == list(task.corrected)
    assert any(note["asked"].startswith("prediction") for note in entry["layout"])
    printed = icl("describe", name).out
    assert "Layout, from one prompt" in printed
    for defect in task.corrected:
        assert " ".join(defect.split()) in " ".join(printed.split())


def test_the_layout_of_pairs_is_drawn_as_it_is(icl: Icl) -> None:
    entries = json.loads(icl("describe", "linear_regression", "length=9", "dim=2", "--json").out)
    layout = entries[0]["layout"]
    assert [note["holds"] for note in layout] == ["x_1", "y_1", "x_2", "y_2", "x_3", "y_3"]
    assert [note["asked"].partition(":")[0] for note in layout] == [
        "prediction 0", "", "prediction 1", "", "prediction 2", "",
    ]  # fmt: skip
    # What is asked at x_i is the label that y_i then holds.
    assert layout[0]["asked"].split(":")[1].split() == layout[1]["numbers"].split()[:1]
    assert entries[0]["expected"] == {"0": 1.0, "1": 0.5, "4": 0.0, "8": 0.0}
    beside = json.loads(icl("describe", "linear_regression", "queries=other_orthants", "--json").out)[0]["layout"]
    assert [note["token"] for note in beside[-3:]] == ["+0", "+2", "+4"]
    assert all("beside the prompt" in note["holds"] for note in beside[-3:])


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
