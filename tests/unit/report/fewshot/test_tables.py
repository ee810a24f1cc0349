"""Tables for a terminal, ours beside the published ones."""

from pathlib import Path

import pytest

from icl_lab.report.fewshot.data import read_fewshot
from icl_lab.report.fewshot.tables import fewshot_tables, fewshot_values, published, table_rows


def test_the_table_has_a_line_a_task_and_fits_a_terminal(folder: Path) -> None:
    found = read_fewshot(folder)
    rows = [name for name, _, _ in table_rows(found)]
    assert rows == ["next_letter", "= algorithmic", "country_capital", "religion", "= knowledge", "= all tasks",
                    "= common tasks"]  # fmt: skip
    grid = fewshot_tables(found)[0]
    cells = {column.head: column.cells for column in grid.columns}
    assert cells["4"][0] == "1.00"
    assert cells["32"][0] == "-"
    assert cells["pairs"][:2] == ("25", "")
    width = sum(max(len(line) for cell in (one.head, *one.cells) for line in cell.split("\n")) + 2
                for one in (*grid.names, *grid.columns))  # fmt: skip
    assert width <= 100
    assert fewshot_values(found)["models"]["quick"][0]["value"] == 0.0


def test_published_means_are_those_of_the_same_tasks(folder: Path) -> None:
    found = read_fewshot(folder)
    parts = [published(found, "Mamba 2.80B", "accuracy_mean", name, 5) for name in ("country_capital", "religion")]
    assert published(found, "Mamba 2.80B", "category_accuracy_mean", "knowledge", 5) == pytest.approx(sum(parts) / 2)
