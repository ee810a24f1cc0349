"""Errors that are known in closed form, and the published theory lines, against our baselines on our prompts."""

import math

import numpy as np
import pytest

from icl_lab.baselines.averaging import Averaging
from icl_lab.baselines.base import Baseline
from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.core.streams import Stream
from icl_lab.evaluation.curves import held_out
from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.inputs.skewed import Skewed
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.shifts.half_subspace import HalfSubspace
from icl_lab.tasks.shifts.noisy_labels import NoisyLabels
from icl_lab.tasks.shifts.orthogonal_queries import OrthogonalQueries
from icl_lab.tasks.shifts.repeated_queries import RepeatedQueries
from icl_lab.tasks.shifts.scaled_inputs import ScaledInputs
from icl_lab.tasks.shifts.scaled_labels import ScaledLabels
from icl_lab.tasks.sparse_linear_regression import SparseLinearRegression

PROMPTS = 1024
LINEAR = LinearRegression()
EXACT = 1e-9  # float32 labels (a part in 10^7, squared) times the condition of the examples, on average


def mean_errors(task: FunctionClass, baseline: Baseline | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Mean errors of least squares, or another baseline, and their standard errors."""
    baseline, parts = baseline or LeastSquares(), []
    for prompts in held_out(task, num_prompts=PROMPTS, stream=Stream(0, ("closed",)), batch=64):
        parts.append(task.error(baseline.predict(prompts), prompts).numpy())
    errors = np.concatenate(parts)
    return errors.mean(0), errors.std(0, ddof=1) / math.sqrt(PROMPTS)


def assert_close(task: FunctionClass, expected: dict[int, float], baseline: Baseline | None = None) -> None:
    means, errors = mean_errors(task, baseline)
    for shown, value in expected.items():
        # 4.5 standard errors: of some 200 values in this file, one in a thousand right ones would be further away.
        assert abs(means[shown] - value) < 4.5 * errors[shown] + EXACT, shown


def missed(dim: int = 20, level: float = 1.0) -> dict[int, float]:
    """What least squares misses of a function of `dim` coordinates: (dim - k) / dim of its level, 0 from dim on."""
    return {k: level * max(0, dim - k) / dim for k in range(41) if k != dim} | {dim: 0.0}


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (LINEAR, missed()),
        (SparseLinearRegression(), missed()),
        (ScaledInputs(scale=3.0).shifted(LINEAR), missed(level=9.0)),
        (ScaledLabels(scale=0.5).shifted(LINEAR), missed(level=0.25)),
        (HalfSubspace().shifted(LINEAR), missed(dim=10)),
        (OrthogonalQueries().shifted(LINEAR), dict.fromkeys(range(19), 1.0)),
        (RepeatedQueries().shifted(LINEAR), {0: 1.0} | dict.fromkeys(range(1, 19), 0.0)),
    ],
    ids=["isotropic", "sparse", "inputs x 3", "labels / 2", "subspace", "orthogonal", "repeated"],
)
def test_least_squares_without_noise_has_its_expected_error(task: FunctionClass, expected: dict[int, float]) -> None:
    # At as many examples as coordinates the condition is heavy-tailed, and a float32 label's rounding shows.
    heavy = {10, 20}
    assert_close(task, {k: value for k, value in expected.items() if k not in heavy})


def test_scaled_inputs_and_labels_change_least_squares_by_their_square_prompt_by_prompt() -> None:
    plain, _ = mean_errors(LINEAR)
    for shift, factor in ((ScaledInputs(scale=2.0), 4.0), (ScaledLabels(scale=2.0), 4.0)):
        scaled, _ = mean_errors(shift.shifted(LINEAR))
        # A power of two scales float32 exactly: only the orders of float64 sums may differ.
        assert scaled[:19] == pytest.approx(factor * plain[:19], rel=1e-9)


def test_least_squares_on_skewed_inputs_has_the_published_error() -> None:
    # Simulated by others from the definition of the paper (covariance eigenvalues 1/i^2, trace 20), to two digits.
    expected = {1: 0.71, 2: 0.50, 3: 0.35, 5: 0.204, 8: 0.112, 10: 0.079, 12: 0.053, 15: 0.028, 18: 0.010}
    means, errors = mean_errors(LinearRegression(inputs=Skewed()))
    for shown, value in expected.items():
        assert abs(means[shown] - value) < 4.5 * errors[shown] + 0.06 * value, shown


def test_noisy_restandardised_least_squares_has_its_closed_form() -> None:
    task = NoisyLabels().shifted(LinearRegression(length=101))
    # Signal 20 and noise 1, brought back to variance 20 together: 1/21 (1 + 20 / (k - 21)) of it is left.
    expected = {k: (1 + 20 / (k - 21)) / 21 for k in (27, 30, 40, 60, 100)}
    # The factor of a batch is that of its 64 functions and 101 labels each; its mean is within 1 % of the variance's.
    means, errors = mean_errors(task)
    for shown, value in expected.items():
        assert abs(means[shown] - value) < 4.5 * errors[shown] + 0.01 * value, shown


def test_averaging_has_its_closed_form() -> None:
    # E |w - mean_j x_j x_j.w|^2 for x ~ N(0, I): (d + 1) / k of |w|^2, since E (x x^T)^2 = (d + 2) I.
    assert_close(LINEAR, {k: 21 / k for k in range(1, 41)}, Averaging())
