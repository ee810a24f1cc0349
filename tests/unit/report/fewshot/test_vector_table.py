"""Task vectors as numbers."""

from dataclasses import asdict, replace
from pathlib import Path

import polars as pl
import pytest

from icl_lab.core.records import Record
from icl_lab.report.fewshot.data import FewShotResults, read_fewshot
from icl_lab.report.fewshot.page import draw_fewshot, render
from icl_lab.report.fewshot.tables import fewshot_tables, fewshot_values
from icl_lab.report.fewshot.vector_table import vector_grid, vector_rows
from icl_lab.report.fewshot.words import conclusion


@pytest.fixture
def with_vectors(folder: Path) -> FewShotResults:
    """As if task vectors of two tasks had been measured: layer 2 is best for one, 1 for the other, 2 in the mean."""

    def row(task: str, metric: str, value: float, shown: int, step: int | None) -> Record:
        return Record(run="r", predictor="quick", task=task, metric=f"task_vector_{metric}_mean", value=value,
                      low=value / 2, high=1.0, shown=shown, step=step)  # fmt: skip

    layers = {"next_letter": (0.2, 0.9, 0.1), "religion": (0.5, 0.4, 0.4)}
    records = [row(task, "residual", value, 5, step) for task, values in layers.items()
               for step, value in enumerate(values)]  # fmt: skip
    records += [row(task, "unpatched", value, shown, None) for task in layers for shown, value in ((0, 0.1), (5, 0.8))]
    found = read_fewshot(folder)
    more = pl.DataFrame([asdict(one) for one in records], schema=found.records.schema)
    return replace(found, records=pl.concat([found.records, more]))


def test_task_vectors_have_numbers(with_vectors: FewShotResults) -> None:
    rows = vector_rows(with_vectors, "quick")
    assert [(row.task, row.layer, row.layers, row.patched.value) for row in rows] == [
        ("next_letter", 2, 3, 0.9),
        ("religion", 1, 3, 0.5),
        ("= mean, one layer", 2, 3, pytest.approx(0.65)),
    ]
    assert {(row.without.value, row.shown.value) for row in rows if row.without and row.shown} == {(0.1, 0.8)}
    assert vector_grid(with_vectors, "quick") in fewshot_tables(with_vectors)
    assert vector_grid(with_vectors, "slow $x$ <b>") is None
    assert "in layer 2 of 3 (residual), without demonstrations, it finds the right first token in 0.65" in conclusion(
        with_vectors
    )
    assert fewshot_values(with_vectors)["task_vectors"]["quick"][1]["layer"] == 1
    assert "quick: task vectors" in render(with_vectors, draw_fewshot(with_vectors))
