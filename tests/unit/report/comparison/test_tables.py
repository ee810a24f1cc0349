import io
import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from icl_lab.report.comparison.folder import read_comparison
from icl_lab.report.comparison.page import write_page
from icl_lab.report.comparison.tables import as_json, best_baseline, cost_table, score_rows, score_table
from icl_lab.report.grid import Grid
from icl_lab.report.words import Measure
from tests.unit.report.folders import METRIC, comparison, entry, plain_row, rows, training, usual, write


def text(table: Grid) -> str:
    console = Console(width=160, file=io.StringIO())
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def test_models_come_first_and_the_best_of_each_kind_on_top(tmp_path: Path) -> None:
    found = score_rows(read_comparison(usual(tmp_path)))
    assert [row.predictor for row in found] == ["mamba", "transformer", "least_squares"]
    best = best_baseline(found)
    assert best is not None
    assert best.predictor == "least_squares"


def test_rows_hold_the_numbers_of_the_records(tmp_path: Path) -> None:
    mamba = score_rows(read_comparison(usual(tmp_path)))[0]
    assert mamba.score is not None
    assert mamba.score.value == 0.98
    assert [milestone.shown for milestone in mamba.milestones] == [2, 3]
    assert mamba.milestones[0].relative_error.value == 0.02
    assert (mamba.parameters, mamba.state_size, mamba.trainings) == (133_120, None, 1)
    assert mamba.training_seconds == 12.0


def test_a_training_that_was_halted_does_not_make_a_model_slow(tmp_path: Path) -> None:
    halted = plain_row("training_seconds", 3452.0, predictor="mamba")
    records = [*rows("mamba", [1.0, 0.1, 0.02, 0.01], score=0.9), *training("mamba"), replace(halted, seed=1)]
    (mamba,) = score_rows(read_comparison(write(tmp_path, comparison(entry("mamba")), records)))
    assert mamba.training_seconds == 12.0


def test_the_same_rows_as_json(tmp_path: Path) -> None:
    found = score_rows(read_comparison(usual(tmp_path)))
    data = as_json(found)
    assert [row["predictor"] for row in data] == [row.predictor for row in found]
    assert data[0]["milestones"][0]["relative_error"]["value"] == 0.02


def test_the_terminal_has_every_predictor_and_its_score(tmp_path: Path) -> None:
    found = score_rows(read_comparison(usual(tmp_path)))
    scores, costs = text(score_table(found, Measure(METRIC))), text(cost_table(found))
    assert all(word in scores for word in ("mamba", "transformer", "least_squares", "0.980", "0.700"))
    assert "133,120" in costs
    assert "least_squares" not in costs


def test_the_cost_table_says_which_kernels_ran_the_models(tmp_path: Path) -> None:
    folder = usual(tmp_path)
    assert "kernels" not in text(cost_table(score_rows(read_comparison(folder))))
    data = json.loads((folder / "comparison.json").read_text())
    data["predictors"][0]["kernels"] = "vectorised"
    (folder / "comparison.json").write_text(json.dumps(data))
    (line,) = [
        line for line in text(cost_table(score_rows(read_comparison(folder)))).splitlines() if line.startswith("mamba")
    ]
    assert line.split()[-1] == "vectorised"
    assert "<td>vectorised</td>" in write_page(folder).read_text()


def test_a_name_in_brackets_is_a_name_in_the_terminal(tmp_path: Path) -> None:
    found = score_rows(read_comparison(usual(tmp_path, model="[red]mamba[/red]")))
    assert "[red]mamba[/red]" in text(score_table(found, Measure(METRIC)))
