"""`icl tune` at the smallest size, from the command line."""

import json
import sys
from pathlib import Path

import pytest

from icl_lab.studies.base import STUDIES
from icl_lab.studies.tuning import chosen
from tests.end_to_end.commands import Icl

SMOKE = (
    *("--parts", "sparse_parity", "--models", "transformer", "--scale", "smoke", "--trials", "2"),
    *("--on", "local(workers=1)"),
)


def test_a_search_shows_its_trials_and_is_not_made_twice(icl: Icl, tmp_path: Path) -> None:
    first = icl("tune", "park2024", *SMOKE, "--out", str(tmp_path))
    assert first.status == 0, first.err
    assert "2 trials for each model, the same recipes for all" in first.out
    assert first.out.count("10 of 10") == 2
    assert "muon at 0.001" in first.out
    again = icl("tune", "park2024", *SMOKE, "--out", str(tmp_path))
    assert again.out == first.out
    assert "1 of 1 finished" in again.err
    (found,) = json.loads(icl("tune", "park2024", *SMOKE, "--out", str(tmp_path), "--json").out).values()
    assert found["found"]["trials"] == {"complete": 2, "pruned": 0, "diverged": 0}


def test_what_is_kept_is_what_the_study_trains_by(icl: Icl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chosen, "FOUND", tmp_path / "recipes")
    search = ("tune", "time_to_icl", "--parts", "linear_5", "--models", "transformer", "--trials", "1")
    done = icl(*search, "--share", "0.001", "--keep", "--out", str(tmp_path / "out"))
    assert done.status == 0, done.err
    kept = json.loads((tmp_path / "recipes" / "time_to_icl.json").read_text())
    (found,) = kept["linear_5"].values()
    assert found["steps"] == 10
    found["training"]["optimiser"]["rate"] = 0.123
    (tmp_path / "recipes" / "time_to_icl.json").write_text(json.dumps(kept))
    chosen.forget()
    part = STUDIES.get("time_to_icl")().part("linear_5", "small")
    rates = {entry.model.word: entry.training.optimiser.rate for entry in part.comparison.entries}
    assert rates.pop("transformer") == 0.123
    assert set(rates.values()) == {0.001}
    chosen.forget()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "unknown study"),
        (("park2024", "--parts", "parity"), "has no part"),
        (("park2024", "--parts", "sparse_parity", "--models", "manba"), "did you mean mamba"),
        (("park2024", "--share", "0"), "--share: expected"),
        (("park2024", "--trials", "0"), "--trials"),
        (("park2024", "--on", "cloud"), "unknown executor"),
        (("park2024", "--scale", "smoke", "--keep"), "--keep: the small scale alone"),
    ],
)
def test_a_wrong_value_is_one_line(icl: Icl, arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = icl("tune", *arguments, "--out", str(tmp_path))
    assert done.status == 2
    assert said in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_without_optuna_there_is_one_line(icl: Icl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    done = icl("tune", "park2024", *SMOKE, "--out", str(tmp_path))
    assert done.status == 2
    assert "pip install 'icl-lab[tune]'" in done.err
    assert done.err.count("\n") == 1
