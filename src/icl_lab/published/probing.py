"""Published curves over depth, in the unit of our tasks (Grazzi et al. 2024, figures 3, 4, 5, 11 and 12).

The numbers are in `grazzi2024_probing.csv` and `grazzi2024_gamma.csv`. Published errors are divided by 20, whatever the
task; here they are brought to the normaliser of the task that asks.
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby

import numpy as np
from jaxtyping import Float, Int

from icl_lab.tasks.base import Task
from icl_lab.tasks.decision_tree import DecisionTree
from icl_lab.tasks.inputs.skewed import Skewed
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.parts.objectives import SquaredError
from icl_lab.tasks.sparse_linear_regression import SparseLinearRegression
from icl_lab.tasks.two_layer_relu import TwoLayerRelu

SOURCE = "Grazzi et al. 2024 (arXiv 2402.03170), figures 3, 4, 5, 11 and 12; 95% intervals over 128 tasks"
DIVISOR = 20.0
"""What the paper divides every squared error by."""

TASKS: dict[str, Task] = {
    "skewed_linear_regression": LinearRegression(inputs=Skewed()),
    "sparse_linear_regression": SparseLinearRegression(),
    "two_layer_relu": TwoLayerRelu(),
    "decision_tree": DecisionTree(),
}
"""Name in the file -> the task; its length does not matter."""


@dataclass(frozen=True)
class DepthCurve:
    """A published curve over depth.

    Args:
        predictor: `"mamba"`, `"transformer"`, `"gradient_descent"` or `"gd_plus_plus"`.
        figure: For instance `"3d"`.
        quantity: `"error"`, `"scale"` or `"shift"`.
        shown: Examples before the query.
        layer: Layers, from 0; for the two methods, iterations.
        value: Means.
        low: Lower ends of their intervals.
        high: Upper ends.
    """

    predictor: str
    figure: str
    quantity: str
    shown: int
    layer: Int[np.ndarray, " layers"]
    value: Float[np.ndarray, " layers"]
    low: Float[np.ndarray, " layers"]
    high: Float[np.ndarray, " layers"]


def published_depth(task: Task) -> tuple[DepthCurve, ...]:
    """All published curves over depth for a task; none where it is not of the published kind and size."""
    name = next((name for name, known in TASKS.items() if task.replace(length=known.length) == known), None)
    if name is None:
        return ()
    objective = task.objective
    assert isinstance(objective, SquaredError)
    return tuple(_curve(key, rows, DIVISOR / objective.normaliser) for key, rows in _tables().get(name, ()))


def has_published_gamma(task: Task) -> bool:
    """Whether figure 11 is about this task; its length does not matter."""
    known = TASKS["skewed_linear_regression"]
    return task.replace(length=known.length) == known


def published_gamma() -> tuple[Float[np.ndarray, " gammas"], Float[np.ndarray, " gammas"]]:
    """Gammas of GD++ and its error after 24 steps on skewed regression, after 40 examples (figure 11)."""
    rows = _rows("grazzi2024_gamma.csv")
    return np.array([float(row["gamma"]) for row in rows]), np.array([float(row["error"]) for row in rows])


def _curve(key: tuple[str, ...], rows: list[dict[str, str]], factor: float) -> DepthCurve:
    figure, quantity, predictor, shown = key
    times = factor if quantity == "error" else 1.0

    def column(name: str) -> Float[np.ndarray, " layers"]:
        return times * np.array([float(row[name] or "nan") for row in rows])

    layers = np.array([int(row["layer"]) for row in rows])
    return DepthCurve(predictor, figure, quantity, int(shown), layers, column("value"), column("low"), column("high"))


@cache
def _tables() -> dict[str, list[tuple[tuple[str, ...], list[dict[str, str]]]]]:
    """Task -> ((figure, quantity, predictor, shown), its rows), a curve each."""
    found: dict[str, list[tuple[tuple[str, ...], list[dict[str, str]]]]] = {}
    names = ("task", "figure", "quantity", "predictor", "shown")
    rows = sorted(_rows("grazzi2024_probing.csv"), key=lambda row: [*(row[name] for name in names), int(row["layer"])])
    for (task, *key), curve in groupby(rows, key=lambda row: tuple(row[name] for name in names)):
        found.setdefault(task, []).append((tuple(key), list(curve)))
    return found


def _rows(file: str) -> list[dict[str, str]]:
    lines = files("icl_lab.published").joinpath(file).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))
