"""The page of a few-shot evaluation: the question, the answer, the figures, the table, the prompts."""

import json
from pathlib import Path

from icl_lab.core.files import inside, write_atomic
from icl_lab.report.comparison.page import FIGURES, PAGE
from icl_lab.report.drawing.drawn import Drawn
from icl_lab.report.drawing.pictures import picture_bytes
from icl_lab.report.fewshot.boxes import box_figure
from icl_lab.report.fewshot.conditions import conditions
from icl_lab.report.fewshot.data import PUBLISHED_SHOTS, FewShotResults, read_fewshot
from icl_lab.report.fewshot.learned import learned
from icl_lab.report.fewshot.panels import category_figure, task_figure
from icl_lab.report.fewshot.shots import has_published_means, shots_figure
from icl_lab.report.fewshot.tables import published, table_rows
from icl_lab.report.fewshot.vector_figure import vector_figure
from icl_lab.report.fewshot.vector_table import vector_rows
from icl_lab.report.fewshot.words import question, sentences
from icl_lab.report.rendering import render_template
from icl_lab.report.words import listed

BESIDE_ON_THE_PAGE = ("Mamba 0.13B", "RWKV 0.169B", "Mamba 0.37B", "Mamba 2.80B", "LLaMA 7B")


def write_fewshot_page(folder: Path) -> Path:
    """Draw the page and its figures from the records; returns the path of `index.html`.

    Raises:
        UserError: There is no few-shot evaluation in the folder.
    """
    found = read_fewshot(folder)
    drawn = draw_fewshot(found)
    for figure in drawn:
        for kind in ("svg", "png"):
            write_atomic(inside(folder / FIGURES, f"{figure.stem}.{kind}"), picture_bytes(figure.picture, kind))
    write_atomic(folder / PAGE, render(found, drawn).encode())
    return folder / PAGE


def draw_fewshot(found: FewShotResults) -> list[Drawn]:
    """The figures, in the order of the page."""
    bands = (
        "Bands are 90% intervals over sets of queries, which share their demonstrations: how sure these tasks' means"
        " are, not what other tasks would give."
    )
    labels = _labels_words(found, "accuracy_mean")
    means = _labels_words(found, "category_accuracy_mean")
    common = _labels_words(found, "common_accuracy_mean" if found.common else "all_accuracy_mean")
    hair = "Hairline: what always saying one thing, or saying the input, scores; the better of both."
    drawn = [
        Drawn("shots", "Accuracy by number of demonstrations", _shots_words(found, bands, common), shots_figure(found))
    ]
    words = f"Means over all tasks of a category, whose number is in brackets. {means} {hair}"
    drawn.append(Drawn("categories", "By category", words, category_figure(found)))
    drawn.append(Drawn("tasks", "Task by task", f"{labels} {hair}", task_figure(found)))
    if found.published_models():
        words = (
            "Box: quartiles; bar: median; diamond: mean; dots: tasks; whiskers reach the lowest and the highest task."
            f" Grey: table 1 of {found.published}: base models in full precision, on other pairs than ours: compare"
            f" roughly.{_one_answer(found)}{_set_apart(found)}"
        )
        drawn.append(Drawn("boxes", "Beside published models", words, box_figure(found)))
    vectors = vector_figure(found)
    if vectors is not None:
        words = (
            "Share of right first tokens, without demonstrations, when one layer is given what it had at the end of a"
            " prompt that shows the task (Hendel et al. 2023); means over the tasks of a category. Thin: the same"
            " questions, given that of a prompt that shows another task of the same format. Hairlines: the same"
            f" questions with nothing given, and after {PUBLISHED_SHOTS} demonstrations."
        )
        drawn.append(Drawn("task-vectors", "Task vectors", words, vectors))
    return drawn


def render(found: FewShotResults, drawn: list[Drawn]) -> str:
    """The page as text."""
    rows = table_rows(found)
    shots = found.box_shots
    others = [model for model in BESIDE_ON_THE_PAGE if model in found.published_models()]
    tables = [
        {
            "model": model,
            "learned": [
                (control, of_control)
                for control in found.controls or ("",)
                if (of_control := learned(found, model, control))
            ],
            "vectors": vector_rows(found, model),
            "rows": [
                {
                    "name": name.removeprefix("= "),
                    "mean": metric != "accuracy_mean",
                    "cells": [found.estimate(metric, model, task, count) for count in found.shots],
                    "pairs": next((one.asked[model] for one in found.tasks if one.name == task), None),
                    "published": [published(found, other, metric, task, PUBLISHED_SHOTS) for other in others],
                }
                for name, metric, task in rows
            ],
        }
        for model in found.models
    ]
    return render_template(
        "fewshot.html.j2",
        found=found,
        question=question(found),
        answers=sentences(found),
        figures=drawn,
        tables=tables,
        others=others,
        box_shots=shots,
        published_shots=PUBLISHED_SHOTS,
        conditions=conditions(found),
        spec_text=json.dumps(found.spec, indent=2),
    )


def _labels_words(found: FewShotResults, metric: str) -> str:
    """What the dashed lines of a figure are; nothing where it has none."""
    rows = found.records.filter(found.records["metric"] == metric)
    drawn = [one for one in found.controls if one in set(rows["shift"])]
    dashes = {"shuffled": "Dashed", "random": "Dotted"}
    said = [f"{dashes[one]}: the same prompts with {one} labels in the demonstrations." for one in drawn]
    asked = rows.filter(rows["shift"] != "").group_by("predictor", "task", "shift").len()["len"]
    if said and 1 in set(asked):
        said.append("Ring: so asked with one number of demonstrations only.")
    return " ".join(said)


def _shots_words(found: FewShotResults, bands: str, labels: str) -> str:
    same = "Mean over the tasks that have enough pairs for every number of demonstrations."
    if not found.common:
        same = "Mean over the tasks that have enough pairs; no task has enough for all numbers."
    parts = [same, labels, bands]
    if found.common and len(found.common) < len(found.tasks):
        parts.append(
            "Thin and dotted, with the number of tasks: the mean over all tasks that have enough pairs, which become"
            " fewer."
        )
    if has_published_means(found):
        parts.append(f"Grey: means of {found.published}, figure 7, over the same eighteen tasks with other pairs.")
    return " ".join(part for part in parts if part)


def _set_apart(found: FewShotResults) -> str:
    """What sets our models apart from published base models."""
    return "".join(f" {model} is {note}." for model in found.models if (note := found.notes[model].get("note")))


def _one_answer(found: FewShotResults) -> str:
    """What tells of published numbers that one answer would do as well on some of the tasks."""
    rows = found.records.filter(found.records["metric"] == "published_one_answer").sort("task")
    parts = [f"{row['value']:.0%} of {row['task'].replace('_', ' ')}" for row in rows.iter_rows(named=True)]
    return f" Published lists have one answer for {listed(parts)}." if parts else ""
