"""The page of a few-shot evaluation says what its records hold, and is redrawn from them alone."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import polars as pl
import pytest

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.records import Record, read_records
from icl_lab.language.asking.plan import carry_out, plan
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.folder import write_results
from icl_lab.language.spec import REPORTED, FewShot
from icl_lab.language.tasks.csv_file import CsvFile
from icl_lab.report.fewshot.boxes import box_figure
from icl_lab.report.fewshot.controls import Controlled, control_grid
from icl_lab.report.fewshot.data import FewShotResults, read_fewshot
from icl_lab.report.fewshot.page import draw_fewshot, render, write_fewshot_page
from icl_lab.report.fewshot.shots import shots_figure
from icl_lab.report.fewshot.tables import fewshot_tables, fewshot_values, published, table_rows
from icl_lab.report.fewshot.vector_table import vector_grid, vector_rows
from icl_lab.report.fewshot.words import conclusion, rising
from icl_lab.report.tables import Estimate
from tests.unit.language.toys import ToyModel

TASKS = tuple(LANGUAGE_TASKS.get(name)() for name in ("next_letter", "country_capital", "religion"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models, one of which needs more demonstrations; next_letter has too few pairs for 32."""
    path = tmp_path_factory.mktemp("fewshot")
    spec = FewShot(tasks=TASKS, shots=(0, 4, 5, 32), num_queries=10, labels=("true", "shuffled"))
    pairs = [pair for task in TASKS for pair in task.pairs()]
    plans = {}
    for name, needed in (("quick", 2), ("slow $x$ <b>", 5)):
        model = ToyModel(pairs, needed=needed, name=name)
        plans[name] = plan(model, spec, path)
        carry_out(plans[name], model, spec, path)
    write_results(path, spec, plans, {"quick": {"parameters": 1234, "licence": "MIT", "note": "4-bit"}})
    return path


def test_the_conclusion_has_the_numbers(folder: Path) -> None:
    found = read_fewshot(folder)
    said = conclusion(found)
    assert (
        "quick is right in 1.00 (0.84 to 1.00) of cases after 32 demonstrations, mean over 2 tasks; with none" in said
    )
    assert rising(found, "quick") == (3, 3)
    # next_letter has too few pairs for 32: each category is told as far as all of its tasks go.
    assert (
        "With shuffled labels: down to the floor on algorithmic tasks (1.00 to 0.00 after 5); a clear fall on"
        " knowledge tasks (1.00 to 0.30 after 32)." in said
    )


def test_the_controls_have_a_table_of_all_categories(folder: Path) -> None:
    found = read_fewshot(folder)
    grid = control_grid(found, "quick")
    assert grid is not None
    assert grid.names[0].cells == ("algorithmic", "knowledge")
    assert grid.columns[0].cells == ("5", "32")
    assert grid.columns[-1].cells == ("down to the floor", "a clear fall")
    assert grid in fewshot_tables(found)


def test_intervals_that_overlap_are_no_clear_fall() -> None:
    def verdict(true: Estimate, wrong: Estimate) -> str:
        return Controlled("knowledge", "random", 4, true, wrong, floor=0.1).verdict

    assert verdict(Estimate(0.6, 0.5, 0.7), Estimate(0.5, 0.4, 0.55)) == "no clear fall"
    assert verdict(Estimate(0.6, 0.5, 0.7), Estimate(0.4, 0.3, 0.45)) == "a clear fall"
    assert verdict(Estimate(0.6, 0.5, 0.7), Estimate(0.15, 0.1, 0.3)) == "down to the floor"
    # It cannot fall from the floor to the floor.
    assert verdict(Estimate(0.1, 0.0, 0.2), Estimate(0.1, 0.0, 0.2)) == "no clear fall"


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


def test_figures_show_every_model_and_the_published_ones(folder: Path) -> None:
    found = read_fewshot(folder)
    assert found.box_shots == 5
    names = [label.get_text() for label in box_figure(found).axes[0].get_yticklabels()]
    assert len(names) == 2 + 17
    assert {"quick", "slow $x$ <b>", "LLaMA 30B, published"} <= set(names)
    words = [text.get_text() for text in shots_figure(found).axes[0].texts]
    assert any("3 tasks up to here" in said for said in words)
    assert "quick" in words
    # Means over two of our tasks have nothing beside them: the paper's are over eighteen.
    assert not [said for said in words if "published" in said]
    captions = {one.stem: one.caption for one in draw_fewshot(found)}
    assert "Grey" not in captions["shots"]
    assert "Dashed" in captions["tasks"]


def test_a_file_with_the_title_of_a_published_task_has_no_published_numbers(tmp_path: Path) -> None:
    mine = tmp_path / "country_capital.csv"
    mine.write_text("input,output\n" + "".join(f"w{place},x{place}\n" for place in range(9)))
    spec = FewShot(tasks=(CsvFile(path=str(mine)),), shots=(1,), num_queries=4)
    model = ToyModel(spec.tasks[0].pairs())
    todo = plan(model, spec, tmp_path)
    carry_out(todo, model, spec, tmp_path)
    write_results(tmp_path, spec, {"toy": todo}, {})
    assert not read_fewshot(tmp_path).published_models()


def test_published_means_stand_beside_means_over_the_same_tasks(tmp_path: Path) -> None:
    tasks = tuple(LANGUAGE_TASKS.get(name)() for name in REPORTED)
    spec = FewShot(tasks=tasks, shots=(1,), num_queries=1, labels=("true", "shuffled"), controlled=("knowledge",))
    model = ToyModel([pair for task in tasks for pair in task.pairs()])
    todo = plan(model, spec, tmp_path)
    carry_out(todo, model, spec, tmp_path)
    write_results(tmp_path, spec, {"toy": todo}, {})
    captions = {one.stem: one.caption for one in draw_fewshot(read_fewshot(tmp_path))}
    assert "Grey" in captions["shots"]
    # The controls are asked on knowledge tasks alone, so the mean over all has no line of them.
    assert "Dashed" not in captions["shots"]
    assert "Dashed" in captions["categories"]


def test_the_page_is_one_file_that_escapes_names_and_is_drawn_again_the_same(folder: Path) -> None:
    page = write_fewshot_page(folder).read_bytes()
    assert write_fewshot_page(folder).read_bytes() == page
    text = page.decode()
    assert "<script" not in text
    assert "slow $x$ <b>" not in text
    assert "slow $x$ &lt;b&gt;" in text
    assert "example:" in text
    assert "output of another pair of the whole list" in text
    assert "most of religion" in text
    assert "4-bit; 1,234 parameters" in text
    assert "quick is 4-bit." in text
    found = read_fewshot(folder)
    assert render(found, draw_fewshot(found)).encode() == page
    assert len(read_records(folder / "records.jsonl")) > 100


def test_a_folder_without_an_evaluation_is_said_to_be_so(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no few-shot evaluation"):
        read_fewshot(tmp_path)
    for name in ("records.jsonl.gz", "fewshot.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    whole = json.loads((folder / "fewshot.json").read_text())
    spec = whole["spec"]
    wrong = [{"spec": spec | one} for one in ({"shots": []}, {"shots": ["x"]}, {"template": None}, {"labels": [1]})]
    wrong += [{"models": []}, {"tasks": []}, {"spec": 3}, {"models": [1]}]
    for data in ({}, [], *(whole | one for one in wrong)):
        (tmp_path / "fewshot.json").write_text(json.dumps(data))
        with pytest.raises(DamagedFile, match="something is missing"):
            read_fewshot(tmp_path)
