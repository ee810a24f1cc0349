"""Published curves come in the unit of the task that asks, and for no other task than theirs."""

import numpy as np
import pytest

from icl_lab.baselines.base import BASELINES
from icl_lab.core.short_form import from_short
from icl_lab.models.presets.base import PRESETS
from icl_lab.published.curves import PublishedCurve, _table, baseline_curves, published_curve
from icl_lab.published.figures import FIGURES
from icl_lab.tasks.base import Task
from icl_lab.tasks.decision_tree import DecisionTree
from icl_lab.tasks.inputs.skewed import Skewed
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.many_outlier_regression import ManyOutlierRegression
from icl_lab.tasks.orthogonal_outlier_regression import OrthogonalOutlierRegression
from icl_lab.tasks.sparse_linear_regression import SparseLinearRegression
from icl_lab.tasks.sparse_parity import SparseParity
from icl_lab.tasks.two_layer_relu import TwoLayerRelu

LINEAR, SKEWED = LinearRegression(), LinearRegression(inputs=Skewed())


def at(curve: PublishedCurve, shown: int) -> float:
    """The value after so many examples."""
    (value,) = curve.value[curve.shown == shown]
    return float(value)


@pytest.mark.parametrize(
    ("task", "label", "figure", "shown", "printed"),
    [
        (SparseLinearRegression(), "lasso", "2a", 10, 0.0097),
        (SparseLinearRegression(), "transformer", "2a", 5, 0.0747),
        (TwoLayerRelu(), "gradient_descent_network", "2b", 40, 0.304),
        (DecisionTree(), "decision_tree", "2c", 40, 0.071),
        (DecisionTree(), "decision_tree(max_depth=none)", "2c", 40, 0.074),
        (DecisionTree(), "gradient_boosting", "2c", 499, 0.0079),
    ],
)
def test_values_are_those_of_the_figure_in_the_unit_of_the_task(
    task: Task, label: str, figure: str, shown: int, printed: float
) -> None:
    (curve,) = published_curve(task, "", label)
    assert curve.figure == figure
    assert curve.metric == task.metric
    # The numbers were read off and rounded by hand, independently of the file, to at least two digits.
    assert at(curve, shown) / curve.factor == pytest.approx(printed, rel=0.02)


@pytest.mark.parametrize(
    ("task", "label", "factor"),
    [
        (LINEAR, "least_squares", 1),
        (TwoLayerRelu(), "least_squares", 1),
        (SparseLinearRegression(), "lasso", 20 / 3),
        (DecisionTree(), "decision_tree", 20),
    ],
)
def test_before_the_first_example_the_published_error_is_that_of_zero(task: Task, label: str, factor: float) -> None:
    curve = published_curve(task, "", label)[0]
    assert curve.factor == pytest.approx(factor)
    assert abs(curve.value[0] - task.zero_error) < 4 * curve.standard_error[0]
    assert ("multiplied" in curve.normalisation) == (factor != 1)


@pytest.mark.parametrize(
    ("task", "shift", "label", "figures"),
    [
        (LINEAR, "", "least_squares", ["1a", "8"]),
        (LINEAR.replace(length=77), "", "least_squares", ["1a", "8"]),
        (LINEAR, "", "mamba", ["8"]),
        (LINEAR, "", "mamba(d_model=128)", ["8"]),
        (LINEAR.replace(length=81), "", "mamba", []),
        (SKEWED, "isotropic", "mamba", ["1a"]),
        (SKEWED.replace(length=81), "isotropic", "transformer", ["10b"]),
        (SKEWED.replace(length=161), "isotropic", "transformer", ["10c"]),
        (SKEWED, "", "mamba", []),
        (SKEWED, "", "least_squares", ["9c"]),
        (SKEWED, "noisy_labels", "least_squares", []),
        (LINEAR, "noisy_labels", "least_squares", ["1b", "9b"]),
        (LINEAR, "noisy_labels(restandardised=false)", "least_squares", []),
        (LINEAR, "orthants", "averaging", ["9d"]),
        (LINEAR, "scaled_inputs", "least_squares", ["1d", "9a"]),
        (LINEAR, "scaled_inputs(scale=0.333)", "least_squares", ["1d", "9a"]),
        (LINEAR, "scaled_inputs(scale=2)", "least_squares", []),
        (LINEAR, "scaled_labels", "least_squares", ["1e"]),
        (LINEAR, "half_subspace(per=prompt)", "least_squares", ["1f"]),
        (LINEAR.replace(dim=10), "", "least_squares", []),
        (LINEAR, "", "lasso", []),
        (SparseLinearRegression(), "", "lasso(strength=0.1)", []),
        (SparseLinearRegression(sparsity=4), "", "lasso", []),
        (DecisionTree(depth=3), "", "decision_tree", []),
    ],
)
def test_a_curve_is_found_for_exactly_its_tasks(task: Task, shift: str, label: str, figures: list[str]) -> None:
    assert [curve.figure for curve in published_curve(task, shift, label)] == figures


def test_every_row_belongs_to_a_figure_and_to_something_registered() -> None:
    assert {rows[0]["figure"] for rows in _table()} == set(FIGURES)
    for rows in _table():
        label, is_model = rows[0]["predictor"], bool(rows[0]["trained_length"])
        assert label in PRESETS if is_model else from_short(BASELINES, label).label == label
        shown = [int(row["shown"]) for row in rows]
        assert shown == sorted(set(shown))
        assert shown[0] == 0
        assert len({(row["runs"], row["trained_length"]) for row in rows}) == 1


def test_bands_enclose_their_curve_and_fit_their_standard_error() -> None:
    for _, curve in baseline_curves():
        assert (curve.low <= curve.value).all()
        assert (curve.value <= curve.high).all()
        # A band of one run is 3.29 standard errors of that run wide, and the envelope is no narrower.
        of_one_run = curve.standard_error * np.sqrt(curve.runs)
        # Four digits each, and no error is known to better than the millionth that the figures were read to.
        assert (curve.high - curve.low >= 3.28 * of_one_run - 2e-3 * curve.value - 1e-6).all()


@pytest.mark.parametrize(
    ("task", "label", "shown", "error"),
    [
        (OrthogonalOutlierRegression(), "clean_least_squares", 20, 0.5),
        (ManyOutlierRegression(length=64), "clean_least_squares", 40, 0.8),
        (SparseParity(), "bayes_parity", 4, 0.28),
    ],
)
def test_an_exact_line_is_served_and_never_called_the_papers(task: Task, label: str, shown: int, error: float) -> None:
    (curve,) = published_curve(task, "", label)
    assert curve.exact
    assert curve.source == "exact line, computed independently (reference for Park et al. 2024, arXiv 2402.04248)"
    assert "published" not in curve.source + curve.normalisation
    assert curve.metric == task.metric
    # Rounded by hand: half a unit of the second digit.
    assert at(curve, shown) == pytest.approx(error, abs=0.005)
    assert ((curve.low >= 0) & (curve.low <= curve.value) & (curve.value <= curve.high)).all()
    assert published_curve(task.replace(dim=7), "", label) == []
    assert published_curve(task, "", "least_squares") == []


def test_the_source_names_figure_and_runs() -> None:
    (curve,) = published_curve(SparseLinearRegression(), "", "lasso")
    assert curve.source == "Grazzi et al. 2024 (arXiv 2402.03170), figure 2a: 6 curves of 1,280 prompts"
    (curve,) = published_curve(LINEAR, "", "transformer")
    assert "one curve" in curve.source
    assert "learned positions" in curve.source
