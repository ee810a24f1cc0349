"""Task vectors as numbers, and as a figure."""

from dataclasses import asdict, replace
from pathlib import Path

import polars as pl
import pytest

from icl_lab.core.records import Record
from icl_lab.report.fewshot.data import FewShotResults, read_fewshot
from icl_lab.report.fewshot.page import draw_fewshot, render
from icl_lab.report.fewshot.tables import fewshot_tables, fewshot_values
from icl_lab.report.fewshot.vector_figure import vector_figure
from icl_lab.report.fewshot.vector_table import vector_grid, vector_rows
from icl_lab.report.fewshot.words import sentences

LAYERS = {"next_letter": (0.2, 0.9, 0.1), "religion": (0.5, 0.4, 0.4)}
# Chosen on the other half: both halves choose the second layer of next_letter, they differ on religion.
CHOSEN = {"next_letter": (0.85, (1, 1)), "religion": (0.45, (2, 0)), "all tasks": (0.65, (1, 1))}
OTHERS = {"next_letter": "religion", "religion": "next_letter", "all tasks": ""}


def records(*, control: bool) -> list[Record]:
    """As if task vectors of two tasks had been measured."""

    def row(task: str, metric: str, value: float, shown: int = 5, step: int | None = None, about: str = "") -> Record:
        metric = f"all_{metric}" if task == "all tasks" else metric
        return Record(run="r", predictor="quick", task=task, metric=metric, value=value,
                      low=value / 2, high=1.0, shown=shown, step=step, about=about)  # fmt: skip

    found = [row(task, "task_vector_residual_mean", value, step=step) for task, values in LAYERS.items()
             for step, value in enumerate(values)]  # fmt: skip
    found += [row("algorithmic", "category_task_vector_residual_mean", value, step=step)
              for step, value in enumerate(LAYERS["next_letter"])]  # fmt: skip
    for task, (value, layers) in CHOSEN.items():
        found += [row(task, "task_vector_unpatched_mean", level, shown) for shown, level in ((0, 0.1), (5, 0.8))]
        found.append(row(task, "task_vector_residual_crossfitted_mean", value))
        for half, step in enumerate(layers, start=1):
            found.append(row(task, "task_vector_residual_crossfitted_half", value, step=step, about=f"half {half}"))
        if control:
            found.append(row(task, "task_vector_residual_other_crossfitted_mean", 0.02, about=OTHERS[task]))
            found.append(row(task, "task_vector_residual_other_best_mean", 0.08, about=OTHERS[task]))
        if task == "all tasks":
            found.append(row(task, "task_vector_residual_short_mean", 0.15))
    if control:
        found += [row("algorithmic", "category_task_vector_residual_other_mean", 0.02, step=step) for step in range(3)]
    return found


def measured(folder: Path, *, control: bool) -> FewShotResults:
    found = read_fewshot(folder)
    more = pl.DataFrame([asdict(one) for one in records(control=control)], schema=found.records.schema)
    return replace(found, records=pl.concat([found.records, more]))


@pytest.fixture
def with_vectors(folder: Path) -> FewShotResults:
    return measured(folder, control=True)


def test_task_vectors_have_numbers(with_vectors: FewShotResults) -> None:
    rows = vector_rows(with_vectors, "quick")
    assert [(row.task, row.told, row.patched.value, row.patched.low, row.other) for row in rows] == [
        ("next_letter", "2 of 3", 0.85, 0.425, "religion"),
        ("religion", "1, 3 of 3", 0.45, 0.225, "next_letter"),
        ("= mean, one layer", "2 of 3", 0.65, 0.325, ""),
    ]
    assert {(row.without.value, row.shown.value) for row in rows if row.without and row.shown} == {(0.1, 0.8)}
    assert {row.another.value for row in rows if row.another} == {0.02}
    assert {row.another_best.value for row in rows if row.another_best} == {0.08}
    grid = vector_grid(with_vectors, "quick")
    assert grid is not None
    assert [column.cells[2] for column in grid.columns] == [
        "2 of 3", "0.65 (0.33 to 1.00)", "0.02 (0.01 to 1.00)", "0.08 (0.04 to 1.00)",
        "0.10 (0.05 to 1.00)", "0.80 (0.40 to 1.00)",
    ]  # fmt: skip
    assert [column.head for column in grid.columns][2:4] == ["another's\nvector", "another's,\nits best layer"]
    assert grid in fewshot_tables(with_vectors)
    assert vector_grid(with_vectors, "slow $x$ <b>") is None
    assert fewshot_values(with_vectors)["task_vectors"]["quick"][1]["chosen"] == (1, 3)
    assert fewshot_values(with_vectors)["task_vectors"]["quick"][2]["another_best"]["value"] == 0.08
    page = render(with_vectors, draw_fewshot(with_vectors))
    assert "quick: task vectors" in page
    assert "<td>1, 3 of 3</td>" in page
    assert "<td>next letter</td>" in page
    assert page.count("<b>0.08</b>") == 3


def test_the_sentence_says_what_another_tasks_vector_does(folder: Path, with_vectors: FewShotResults) -> None:
    assert (
        "in layer 2 of 3 (residual; chosen on other questions), without demonstrations, it finds the right first token"
        " in 0.65 (0.33 to 1.00) of cases; told another task in 0.02 (0.01 to 1.00) (in that layer;"
        " 0.08 (0.04 to 1.00) where that does best); untold in 0.10 (0.05 to 1.00), after five demonstrations in"
        " 0.80 (0.40 to 1.00), a difference of +0.15 (+0.07 to +1.00)." in " ".join(sentences(with_vectors))
    )
    alone = measured(folder, control=False)
    assert "of cases; untold in 0.10" in " ".join(sentences(alone))
    assert [(row.another, row.another_best, row.other) for row in vector_rows(alone, "quick")] == [(None, None, "")] * 3
    grid = vector_grid(alone, "quick")
    assert grid is not None
    assert [column.cells[0] for column in grid.columns][2:4] == ["-", "-"]


def test_the_figure_has_a_thin_line_of_another_tasks_vector(folder: Path, with_vectors: FewShotResults) -> None:
    def drawn(found: FewShotResults) -> tuple[list[tuple[float, list[float]]], list[str]]:
        picture = vector_figure(found)
        assert picture is not None
        (axes,) = picture.axes
        lines = [(line.get_linewidth(), [float(y) for y in line.get_ydata()]) for line in axes.lines]
        return [line for line in lines if len(line[1]) == 3], [text.get_text() for text in picture.texts]

    lines, texts = drawn(with_vectors)
    assert lines == [(1.5, [0.2, 0.9, 0.1]), (0.9, [0.02] * 3)]
    assert "another task's vector" in texts
    lines, texts = drawn(measured(folder, control=False))
    assert lines == [(1.5, [0.2, 0.9, 0.1])]
    assert "another task's vector" not in texts
