"""Tables of a few-shot evaluation, for a terminal and as JSON: a line a task, a column a number of demonstrations."""

from dataclasses import asdict
from typing import Any

from icl_lab.report.fewshot.data import ALL, COMMON, FEW_PAIRS, PUBLISHED_SHOTS, FewShotResults
from icl_lab.report.fewshot.learned import learned
from icl_lab.report.fewshot.learned_table import learned_grids
from icl_lab.report.fewshot.vector_table import vector_grid, vector_rows
from icl_lab.report.grid import Grid, column
from icl_lab.report.labels import printable, shortened

BESIDE = ("Mamba 0.13B", "Mamba 2.80B")
"""Published models that tables hold: the smallest and the largest Mamba; figures and the page have all."""

Row = tuple[str, str, str]
"""Its name, the metric and the task it has in the records."""


def table_rows(found: FewShotResults) -> list[Row]:
    """Tasks by category, after each category its mean, at last the mean over the common tasks."""
    rows: list[Row] = []
    for category in found.categories:
        rows += [(task.name, "accuracy_mean", task.name) for task in found.tasks if task.category == category]
        rows.append((f"= {category}", "category_accuracy_mean", category))
    rows.append(("= all tasks", "all_accuracy_mean", ALL))
    if found.common and len(found.common) < len(found.tasks):
        rows.append(("= common tasks", "common_accuracy_mean", COMMON))
    return rows


def fewshot_tables(found: FewShotResults) -> list[Grid]:
    """For each model a table of its tasks, of what it learns, and where there are any, of task vectors."""
    rows = table_rows(found)
    short = shortened([name for name, _, _ in rows], 22)
    names = (column("task", (short[name] for name, _, _ in rows), right=False),)
    grids = []
    for model in found.models:
        columns = [
            column(f"{shots}", (_number(found.value(metric, model, task, shots)) for _, metric, task in rows))
            for shots in found.shots
        ]
        asked = {task.name: task.asked[model] for task in found.tasks}
        if min(asked.values()) < FEW_PAIRS:
            columns.append(column("pairs", (f"{asked[task]}" if task in asked else "" for _, _, task in rows)))
        for other in BESIDE:
            cells = [_number(published(found, other, metric, task, PUBLISHED_SHOTS)) for _, metric, task in rows]
            if set(cells) != {"-"}:
                columns.append(column(f"{other}\npubl., {PUBLISHED_SHOTS}", cells))
        title = f"{printable(model)}: accuracy after so many demonstrations"
        dim = frozenset(place for place, row in enumerate(rows) if row[1] != "accuracy_mean")
        grids.append(Grid(title, names, tuple(columns), dim))
        grids += learned_grids(found, model)
        grids += [grid for grid in (vector_grid(found, model),) if grid is not None]
    return grids


def published(found: FewShotResults, model: str, metric: str, task: str, shots: int) -> float | None:
    """A published accuracy; of a category or of all tasks, the mean over those that we asked, if all have one."""
    if metric == "accuracy_mean":
        return found.value("published_accuracy", model, task, shots)
    members = [
        one.name
        for one in found.tasks
        if metric == "all_accuracy_mean" or one.category == task or (task == COMMON and one.name in found.common)
    ]
    values = [found.value("published_accuracy", model, name, shots) for name in members]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def fewshot_values(found: FewShotResults) -> dict[str, Any]:
    """All numbers as JSON values."""
    rows = table_rows(found)
    return {
        "models": {
            model: [
                {
                    "name": task, "metric": metric, "labels": labels or "true", "shots": shots,
                    "tasks_or_prompts": found.count(metric, model, task, shots, labels), **asdict(estimate),
                }
                for _, metric, task in rows
                for labels in ("", *found.controls)
                for shots in found.shots
                if (estimate := found.estimate(metric, model, task, shots, labels))
            ]
            for model in found.models
        },
        "learned": {
            model: [asdict(row) | {"verdict": row.verdict} for control in found.controls or ("",)
                    for row in learned(found, model, control)]
            for model in found.models
        },
        "task_vectors": {
            model: [asdict(one) for one in vectors] for model in found.models if (vectors := vector_rows(found, model))
        },
    }  # fmt: skip


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
