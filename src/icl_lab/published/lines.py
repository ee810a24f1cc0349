"""Lines that the best predictors of three tasks of Park et al. 2024 reach: computed independently, in no paper.

The numbers are in `park2024_reference_lines.csv`. They were simulated from the constants of the tasks by a program that
shares nothing with this one, so that they prove sampler, prompts and baseline together.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby

import numpy as np
from jaxtyping import Float, Int

from icl_lab.tasks.base import TASKS, Task

SOURCE = "exact line, computed independently (reference for Park et al. 2024, arXiv 2402.04248)"
STANDARD_ERROR = {"clean_least_squares": 1e-3, "bayes_parity": 2e-3}
"""At most, of a simulated point: twice a deviation of 0.15 over 10^5 draws; an accuracy of 1/2 over 60,000 prompts."""


@dataclass(frozen=True)
class ReferenceLine:
    """The expected error of a baseline along the prompt.

    Args:
        task: Whose default settings it belongs to.
        label: The baseline.
        shown: Examples before the query.
        value: Error in the unit of the task's metric.
        mean: The same over all places of the prompt.
    """

    task: str
    label: str
    shown: Int[np.ndarray, " points"]
    value: Float[np.ndarray, " points"]
    mean: float

    @property
    def standard_error(self) -> float:
        """Of every point, at most: the lines are simulated."""
        return STANDARD_ERROR[self.label]

    def is_of(self, label: str, task: Task) -> bool:
        """Whether it is the line of a predictor on a task, whatever the length of the prompts."""
        return label == self.label and task == TASKS.get(self.task)(length=task.length)


@cache
def reference_lines() -> tuple[ReferenceLine, ...]:
    """All of them; accuracies as errors."""
    text = (files("icl_lab.published") / "park2024_reference_lines.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        _line(task, label, list(group))
        for (task, label), group in groupby(rows, lambda row: (row["task"], row["baseline"]))
    )


def _line(task: str, label: str, rows: list[dict[str, str]]) -> ReferenceLine:
    values = np.array([float(row["value"]) for row in rows])
    errors = 1 - values if rows[0]["metric"] == "accuracy" else values
    shown = np.array([int(row["shown"]) for row in rows[:-1]])
    return ReferenceLine(task, label, shown, errors[:-1], float(errors[-1]))
