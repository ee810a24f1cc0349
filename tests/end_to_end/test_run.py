"""A study at smoke scale, through the command line: the same rows each time, and nothing is done twice."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from icl_lab.core.records import read_records
from tests.end_to_end.commands import Icl
from tests.end_to_end.test_compare import TIMED

PART = "linear_5"
ROUNDED = 2e-4  # rows have five digits, and errors are below 10: a difference of two is wrong by 1e-4 at most


def run(icl: Icl, out: Path, *more: str) -> dict:
    done = icl("run", "time_to_icl", "--scale", "smoke", "--parts", PART, "--out", str(out), "--json", *more)
    assert done.status == 0, done.err
    return json.loads(done.out)


def rows(out: Path) -> str:
    return read_records(out / PART / "records.jsonl").filter(~pl.col("metric").is_in(TIMED)).write_ndjson()


def numbers(out: Path) -> dict[tuple, float | None]:
    kept = read_records(out / PART / "records.jsonl").filter(~pl.col("metric").is_in(TIMED))
    columns = ("run", "predictor", "metric", "shift", "seed", "shown", "step")
    named = {tuple(row[name] for name in columns): row["value"] for row in kept.iter_rows(named=True)}
    assert len(named) == len(kept)
    return named


def specs_in(runs: Path) -> list[Path]:
    return sorted(runs.glob("*/spec.json"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("first")


@pytest.fixture
def done(icl: Icl, folder: Path) -> tuple[Path, dict]:
    """A study that was run, and what the command said: run by whichever of these tests is the first in its process."""
    said = folder.with_suffix(".json")
    if not said.exists():
        said.write_text(json.dumps(run(icl, folder / "study")))
    return folder / "study", json.loads(said.read_text())


@pytest.fixture
def first(done: tuple[Path, dict]) -> Path:
    return done[0]


def test_a_study_has_rows_a_verdict_on_each_claim_and_a_page(done: tuple[Path, dict]) -> None:
    first, found = done
    assert {claim["outcome"] for claim in found["claims"]} == {"undecided"}  # smoke proves nothing
    parts = {part["name"]: (part["trained"], part["trainings"]) for part in found["parts"]}
    assert parts[PART] == (6, 6)
    page = Path(found["page"]).read_text()
    assert "shows that everything runs" in page
    assert f'href="{PART}/index.html"' in page
    # Compressed rows, so that they can be kept in a repository.
    assert (first / PART / "records.jsonl.gz").is_file()
    assert not (first / PART / "records.jsonl").exists()


def test_a_run_that_was_cut_short_goes_on_and_gives_the_same_rows(icl: Icl, first: Path, tmp_path: Path) -> None:
    out = tmp_path / "study"
    run(icl, out, "--budget", "7s", "--on", "local(workers=1)")
    run(icl, out)
    assert rows(out) == rows(first)


def test_where_the_rows_are_nothing_is_done_again(icl: Icl, first: Path, tmp_path: Path) -> None:
    """Not even when the trainings are gone, as in a clone of the repository that holds the rows."""
    out = tmp_path / "clone"
    shutil.copytree(first, out)
    run(icl, out)
    assert not (tmp_path / "runs").exists()
    assert (out / PART / "records.jsonl.gz").read_bytes() == (first / PART / "records.jsonl.gz").read_bytes()


def test_rows_of_two_machines_are_those_of_one(icl: Icl, first: Path, tmp_path: Path) -> None:
    """The second one has rows of what was trained on the first, and none of the trainings."""
    out = tmp_path / "study"
    trained = [
        (json.loads(path.read_text())["model"]["model"], path.parent) for path in specs_in(first.parent / "runs")
    ]
    for is_here in (True, False):
        shutil.rmtree(tmp_path / "runs", ignore_errors=True)
        for model, folder in trained:
            if (model in ("transformer", "mamba")) == is_here:
                shutil.copytree(folder, tmp_path / "runs" / folder.name)
        run(icl, out, "--budget", "0.01s")
    found, whole = (numbers(one) for one in (out, first))
    assert found.keys() == whole.keys()
    for name, value in whole.items():
        assert found[name] == pytest.approx(value, rel=ROUNDED, abs=ROUNDED), name


def test_the_page_is_drawn_again_from_the_rows(icl: Icl, first: Path) -> None:
    page = (first / "index.html").read_text()
    (first / "index.html").unlink()
    assert icl("report", str(first)).status == 0
    assert (first / "index.html").read_text() == page


def test_verdicts_of_another_version_are_judged_again(icl: Icl, first: Path, tmp_path: Path) -> None:
    out = tmp_path / "old"
    shutil.copytree(first, out)
    (out / "study.json").write_text((out / "study.json").read_text().replace('"undecided"', '"holds"'))
    assert icl("report", str(out)).status == 0
    assert (out / "study.json").read_text() == (first / "study.json").read_text()
    assert (out / "index.html").read_text() == (first / "index.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("time_to_icl", "--parts", "linear_7"), "no part 'linear_7'"),
        (("time_to_icl", "--budget", "soon"), "expected a span of time such as 90m"),
        (("park2025",), "park2024"),
        (("park2024",), "holds time_to_icl at scale smoke"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_trained(
    icl: Icl, first: Path, arguments: tuple[str, ...], said: str
) -> None:
    before = sorted(first.parent.rglob("*"))
    refused = icl("run", *arguments, "--scale", "smoke", "--out", str(first))
    assert refused.status == 2
    assert said in refused.err
    assert sorted(first.parent.rglob("*")) == before


def test_a_file_in_the_place_of_the_folder_is_refused_before_anything_is_trained(icl: Icl, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    refused = icl("run", "time_to_icl", "--scale", "smoke", "--out", str(tmp_path / "file"))
    assert refused.status == 2
    assert "cannot be made a folder (File exists): give another --out" in refused.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mamba", "--scale", "paper"), "--scale is for a study (campbell2024"),
        (("time_to_icl", "--gpu-tflops", "50"), "together with --scale"),
        (("time_to_icl", "--scale", "smoke", "--gpu-tflops", "0"), "expected more than 0"),
    ],
)
def test_what_costs_are_asked_of_must_have_some(icl: Icl, arguments: tuple[str, ...], said: str) -> None:
    refused = icl("describe", *arguments)
    assert refused.status == 2
    assert said in refused.err


def test_no_parts_are_not_all_parts(icl: Icl, tmp_path: Path) -> None:
    """An empty variable of a shell must not begin hours of training."""
    refused = icl("run", "time_to_icl", "--scale", "smoke", "--parts", "", "--out", str(tmp_path / "study"))
    assert refused.status == 2
    assert "--parts: expected names of parts" in refused.err
    assert not (tmp_path / "study").exists()


def test_a_study_is_described_with_its_claims_and_its_cost(icl: Icl) -> None:
    done = icl("describe", "time_to_icl", "--scale", "smoke", "--gpu-tflops", "50")
    assert done.status == 0, done.err
    for words in ("linear_20", "mamba_first", "at least 1.25 times that of mamba", "on a GPU at 50 TFLOPs"):
        assert words in " ".join(done.out.split())
