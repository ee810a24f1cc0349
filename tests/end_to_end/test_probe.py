"""`icl probe`: from a comparison to a page that says which algorithm a model is nearest to."""

import json
from pathlib import Path

from tests.end_to_end.commands import Icl

SMALL = ("--scale", "smoke", "training.budget.amount=4", "training.checkpoint_interval=2", "--device", "cpu")
QUICK = ("--functions", "8", "--probed", "0", "--prompts", "0", "--threads", "1")


def test_a_model_of_a_comparison_is_looked_into_and_its_page_drawn_again(icl: Icl, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for model in ("mamba", "transformer"):
        made = icl("train", "linear_regression", "dim=2", "length=6", "--model", model, *SMALL, "--out", str(out))
        assert made.status == 0, made.err
    several = icl("probe", str(out))
    assert several.status == 2
    assert "holds several models: name one with --model, of mamba" in several.err

    done = icl("probe", str(out / "mamba"), "--shown", "2,5", *QUICK)
    assert done.status == 0, done.err
    assert "nearest method" in done.out
    assert "; last layer: scale " in done.out
    page = Path(done.out.rpartition("page: ")[2].strip())
    text = page.read_text()
    assert "after 5 examples" in text.lower()
    assert "<image" not in text  # the page forbids itself to load pictures
    assert (page.parent / "figures" / "methods.png").is_file()

    page.unlink()
    assert icl("report", str(page.parent)).status == 0
    assert page.read_text() == text
    held = page.parent / "probe.json"
    settings = held.read_text()
    held.write_text(json.dumps(json.loads(settings) | {"measured": "of an older version"}))
    older = icl("report", str(page.parent))
    assert older.status == 2
    assert "look inside again with `icl probe`" in older.err
    assert page.read_text() == text
    held.write_text(settings)

    folder = page.parent.parent
    own = (folder / "records.jsonl").read_bytes()
    refused = icl("probe", str(folder), *QUICK, "--out", str(folder))
    assert (refused.status, refused.out) == (2, "")
    assert "it holds spec.json, a result of its own" in refused.err
    assert (folder / "records.jsonl").read_bytes() == own

    checkpoints = [str(folder / name) for name in ("checkpoint.safetensors", "checkpoint.previous.safetensors")]
    values = json.loads(
        icl("probe", *checkpoints, checkpoints[0], *QUICK, "--out", str(tmp_path / "two"), "--json").out
    )
    assert [one["step"] for one in values["networks"]] == [4, 2]
    assert values["networks"][0]["conclusion"] != values["networks"][1]["conclusion"]
    assert values["networks"][1]["conclusion"].startswith("after 2 of 4 steps of training: ")
    assert len(values["networks"][0]["blocks"]) == 2


def test_what_does_not_apply_is_said_in_a_line_and_the_rest_is_done(icl: Icl, tmp_path: Path) -> None:
    made = icl("train", "vector_mqar", "--model", "mamba", *SMALL, "--out", str(tmp_path))
    assert made.status == 0, made.err
    done = icl("probe", str(tmp_path), *QUICK)
    assert done.status == 0, done.err
    assert "vector_mqar has no pairs of an x and a number: what applies is the read-out of every block" in done.err
    assert "error of the read-out" in done.out


def test_answers_that_are_right_or_wrong_are_held_against_chance(icl: Icl, tmp_path: Path) -> None:
    task = ("sparse_parity", "dim=4", "sparsity=2", "length=6")
    made = icl("train", *task, "--model", "mamba", *SMALL, "--out", str(tmp_path))
    assert made.status == 0, made.err
    done = icl("probe", str(tmp_path), *QUICK)
    assert done.status == 0, done.err
    assert "after the last block, chance 0.500" in done.out
    assert "scale" not in done.out
    page = Path(done.out.rpartition("page: ")[2].strip()).read_text()
    assert "By chance the error is 0.500." in page
    assert '<th scope="col">scale' not in page


def test_wrong_paths_and_numbers_are_one_line(icl: Icl, tmp_path: Path) -> None:
    for arguments, words in (
        ((str(tmp_path),), "expected a run's folder"),
        ((str(tmp_path / "x.safetensors"),), "expected a checkpoint"),
    ):
        refused = icl("probe", *arguments)
        assert (refused.status, refused.out) == (2, "")
        assert words in refused.err
        assert refused.err.count("\n") == 1
