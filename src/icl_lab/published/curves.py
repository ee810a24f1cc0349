"""The published learning curve of a predictor, in the unit of our task (Grazzi et al. 2024, figures 1, 2, 8, 9 and 10).

The numbers are in `grazzi2024.csv`, the figures they belong to in `figures.py`. All published errors are squared errors
divided by 20, whatever the task; here they are brought to the normaliser of the task that asks. Where no curve is
published but the exact line is known (`lines.py`), that one is served and called so.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby

import numpy as np
from jaxtyping import Float, Int
from scipy.special import ndtri

from icl_lab.core.short_form import from_short
from icl_lab.published.figures import FIGURES, Figure
from icl_lab.published.lines import SOURCE, ReferenceLine, reference_lines
from icl_lab.tasks.base import Task
from icl_lab.tasks.parts.objectives import SquaredError
from icl_lab.tasks.shifts.base import SHIFTS

PAPER = "Grazzi et al. 2024 (arXiv 2402.03170)"
DIVISOR = 20.0
"""What the paper divides every squared error by."""
NUM_PROMPTS = 1280
"""Prompts behind each published curve, newly drawn for each."""

Values = Float[np.ndarray, " points"]


@dataclass(frozen=True)
class PublishedCurve:
    """One curve of a figure, or several runs of it together.

    Args:
        label: The predictor, as ours is called.
        figure: For instance `"2a"`.
        runs: Published curves behind this one: trainings of a model, repetitions of a baseline.
        factor: What the published numbers were multiplied by.
        metric: Unit of the values, the task's.
        shown: Examples before the query.
        value: Mean over the runs of the middle of their bands.
        low: Lower end of the lowest band (5 % of a bootstrap over prompts).
        high: Upper end of the highest band (95 %).
        standard_error: Of `value`, over prompts; differences between trainings are not in it.
        note: What must be known of the figure; mostly empty.
        exact: Whether it is no paper's curve but the line that is known; `figure` is then `"exact"`.
    """

    label: str
    figure: str
    runs: int
    factor: float
    metric: str
    shown: Int[np.ndarray, " points"]
    value: Values
    low: Values
    high: Values
    standard_error: Values
    note: str = ""
    exact: bool = False

    @property
    def source(self) -> str:
        """Where it comes from, in words."""
        if self.exact:
            return SOURCE
        curves = f"{self.runs} curves" if self.runs > 1 else "one curve"
        return f"{PAPER}, figure {self.figure}: {curves} of {NUM_PROMPTS:,} prompts" + (self.note and f"; {self.note}")

    @property
    def normalisation(self) -> str:
        """How the numbers of the paper became those here, in words."""
        if self.exact:
            return f"simulated, standard error at most {self.standard_error.max():g}"
        published = f"published as squared error / {DIVISOR:g}"
        return published if self.factor == 1 else f"{published}, multiplied by {self.factor:.4g} for {self.metric}"


def published_curve(task: Task, shift: str, label: str) -> list[PublishedCurve]:
    """What is published of a predictor that was trained on `task` (or is not trained) and evaluated under a shift.

    Args:
        task: Of training; its length matters for models only.
        shift: As a shift's `short` names it; empty for none.
        label: The predictor's. A model's settings do not matter: the published sizes are those of the paper.

    Returns:
        A curve a figure that shows it; none where nothing is published for exactly this task.
    """
    evaluated = from_short(SHIFTS, shift).shifted(task) if shift else task
    return published_curves(label, evaluated=evaluated, trained=task)


def published_curves(label: str, *, evaluated: Task, trained: Task) -> list[PublishedCurve]:
    """The same for two tasks, that of evaluation (of any length) and that of training."""
    objective = evaluated.objective
    exact = [_exact(line, evaluated) for line in reference_lines() if line.is_of(label, evaluated)]
    if exact or not isinstance(objective, SquaredError):
        return exact
    factor = DIVISOR / objective.normaliser
    return [
        _curve(rows, FIGURES[rows[0]["figure"]], factor, objective.metric)
        for rows in _table()
        if _is_asked_for(rows[0], label, evaluated, trained)
    ]


def baseline_curves() -> list[tuple[Task, PublishedCurve]]:
    """Every published curve of what is not trained, with the task it was evaluated on, of the published length."""
    found = []
    for rows in _table():
        if not rows[0]["trained_length"]:
            figure = FIGURES[rows[0]["figure"]]
            task = figure.evaluated[0].replace(length=1 + int(rows[-1]["shown"]))
            (curve,) = (
                curve
                for curve in published_curves(rows[0]["predictor"], evaluated=task, trained=task)
                if curve.figure == figure.name
            )
            found.append((task, curve))
    return found


def _is_asked_for(row: dict[str, str], label: str, evaluated: Task, trained: Task) -> bool:
    figure = FIGURES[row["figure"]]
    if not figure.evaluates(evaluated):
        return False
    if not row["trained_length"]:
        return row["predictor"] == label
    return row["predictor"] == label.partition("(")[0] and figure.trains(trained, int(row["trained_length"]))


def _curve(rows: list[dict[str, str]], figure: Figure, factor: float, metric: str) -> PublishedCurve:
    low, value, high, error = (
        factor * np.array([float(row[column]) for row in rows]) for column in ("low", "value", "high", "standard_error")
    )
    return PublishedCurve(
        label=rows[0]["predictor"],
        figure=figure.name,
        runs=int(rows[0]["runs"]),
        factor=factor,
        metric=metric,
        shown=np.array([int(row["shown"]) for row in rows]),
        value=value,
        low=low,
        high=high,
        standard_error=error,
        note=figure.notes.get(rows[0]["predictor"], ""),
    )


def _exact(line: ReferenceLine, task: Task) -> PublishedCurve:
    error = np.full(len(line.shown), line.standard_error)
    reach = ndtri(0.95) * error
    return PublishedCurve(
        label=line.label,
        figure="exact",
        runs=1,
        factor=1.0,
        metric=task.metric,
        shown=line.shown,
        value=line.value,
        low=np.maximum(line.value - reach, 0.0),
        high=line.value + reach,
        standard_error=error,
        exact=True,
    )


@cache
def _table() -> list[list[dict[str, str]]]:
    """The rows of the file, curve by curve."""
    text = (files("icl_lab.published") / "grazzi2024.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return [list(group) for _, group in groupby(rows, key=lambda row: (row["figure"], row["predictor"]))]
