"""Published curves over depth: in the unit of our tasks, and what the claims say of them is so."""

import numpy as np
import pytest

from icl_lab.probing.readout.curves import decades, flat_until, steepest_quarter, straightness
from icl_lab.published.probing import TASKS, DepthCurve, published_depth, published_gamma
from icl_lab.tasks.inputs.skewed import Skewed
from icl_lab.tasks.linear_regression import LinearRegression

SKEWED = LinearRegression(inputs=Skewed())


def curve(task: str, predictor: str, quantity: str = "error", shown: int | None = None) -> DepthCurve:
    found = [one for one in published_depth(TASKS[task]) if (one.predictor, one.quantity) == (predictor, quantity)]
    return next(one for one in found if shown is None or one.shown == shown)


def test_errors_are_in_the_unit_of_the_task_and_the_two_methods_on_the_right_scale() -> None:
    # Specification of the figures: last layers over 20, here times 20 / 3 for sparse regression and 20 for trees.
    assert curve("skewed_linear_regression", "mamba", shown=40).value[-1] == pytest.approx(2.8e-4, rel=0.05)
    assert curve("sparse_linear_regression", "mamba").value[-1] == pytest.approx(9.4e-5 * 20 / 3, rel=0.05)
    assert curve("decision_tree", "mamba").value[0] == pytest.approx(0.0535 * 20, rel=0.01)
    assert curve("skewed_linear_regression", "gradient_descent").value[0] == pytest.approx(0.0458 * 20, rel=0.01)
    assert curve("skewed_linear_regression", "gd_plus_plus").value[-1] == pytest.approx(0.0024 * 20, rel=0.03)


def test_other_tasks_have_no_published_curves_and_other_lengths_do() -> None:
    assert published_depth(LinearRegression()) == ()
    assert published_depth(SKEWED.replace(dim=5)) == ()
    assert len(published_depth(SKEWED.replace(length=161))) == len(published_depth(SKEWED)) > 8


def test_every_curve_has_its_layers_and_a_band_around_it() -> None:
    for name in TASKS:
        for one in published_depth(TASKS[name]):
            layers = {"mamba": 24, "transformer": 12}.get(one.predictor, 24)
            assert one.layer.tolist() == list(range(layers))
            assert (one.low <= one.value + 1e-6).all()
            assert (one.value <= one.high + 1e-6).all()


def test_what_the_claims_say_of_the_published_curves_is_so() -> None:
    for task in ("skewed_linear_regression", "sparse_linear_regression"):
        for model in ("mamba", "transformer"):
            errors = curve(task, model, shown=40).value[None]
            assert 3.1 < decades(errors)[0] < 3.8
            assert straightness(errors)[0] >= 0.795
            assert 0.44 <= steepest_quarter(errors)[0] <= 0.635
    assert flat_until(curve("decision_tree", "mamba").value[None])[0] == pytest.approx(0.61, abs=0.005)
    assert flat_until(curve("decision_tree", "transformer").value[None])[0] == pytest.approx(0.82, abs=0.005)
    for task in TASKS:
        for model in ("mamba", "transformer"):
            assert curve(task, model, "scale").value[-1] == pytest.approx(1, abs=0.021)
            assert curve(task, model, "shift").value[-1] == pytest.approx(0, abs=0.041)


def test_gamma_is_best_in_the_flat_middle() -> None:
    gamma, error = published_gamma()
    assert (np.diff(gamma) >= 0).all()
    assert 1e-4 < gamma[error.argmin()] < 1e-3
    assert error.min() == pytest.approx(0.045, abs=5e-4)
