"""The page of a few-shot evaluation says what its records hold, and is redrawn from them alone."""

import json
from pathlib import Path

import pytest

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.records import read_records
from icl_lab.language.asking.plan import carry_out, plan
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.folder import write_results
from icl_lab.language.spec import REPORTED, FewShot
from icl_lab.language.tasks.csv_file import CsvFile
from icl_lab.report.fewshot.boxes import box_figure
from icl_lab.report.fewshot.data import read_fewshot
from icl_lab.report.fewshot.page import draw_fewshot, render, write_fewshot_page
from icl_lab.report.fewshot.shots import shots_figure
from tests.unit.language.toys import ToyModel


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
    spec = FewShot(tasks=tasks, shots=(1, 2), num_queries=1, labels=("true", "shuffled"), controlled=("knowledge",))
    model = ToyModel([pair for task in tasks for pair in task.pairs()])
    todo = plan(model, spec, tmp_path)
    carry_out(todo, model, spec, tmp_path)
    write_results(tmp_path, spec, {"toy": todo}, {})
    captions = {one.stem: one.caption for one in draw_fewshot(read_fewshot(tmp_path))}
    assert "Grey" in captions["shots"]
    assert "Dashed" in captions["categories"]
    # One answer would do as well on some tasks as published.
    assert "one answer for 74% of location continent and 69% of religion" in captions["boxes"]


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
