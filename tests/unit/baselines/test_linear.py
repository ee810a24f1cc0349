"""Least squares, ridge, averaging and the Lasso against NumPy, scikit-learn and closed forms."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Lasso as ReferenceLasso

from icl_lab.baselines import lasso, least_squares
from icl_lab.baselines.averaging import Averaging
from icl_lab.baselines.lasso import Lasso
from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.baselines.parts import smallest_norm
from icl_lab.baselines.ridge import Ridge
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.inputs.subspace import Subspace
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.sparse_linear_regression import SparseLinearRegression


def examples(prompts: PromptBatch) -> tuple[np.ndarray, np.ndarray]:
    assert prompts.examples is not None
    return prompts.examples.xs.double().numpy(), prompts.examples.ys.double().numpy()


def prompts_for(task: LinearRegression | SparseLinearRegression, batch: int = 5) -> PromptBatch:
    return task.sample(Stream(0, ("unit",)), 0, batch)


@pytest.mark.parametrize("active", [None, 4])
def test_least_squares_equals_numpy(active: int | None) -> None:
    prompts = prompts_for(LinearRegression(dim=8, length=20, label_noise=0.5, active_dims=active))
    xs, ys = examples(prompts)
    predictions = LeastSquares().predict(prompts)
    for b in range(len(xs)):
        for i in range(1, 20):
            w = np.linalg.lstsq(xs[b, :i], ys[b, :i], rcond=smallest_norm.RANK_TOLERANCE)[0]
            # Two backward-stable solvers in float64; the worst prefix has a condition below 1e4.
            assert predictions[b, i].item() == pytest.approx(xs[b, i] @ w, rel=1e-9, abs=1e-9)


def test_least_squares_is_exact_at_a_bad_condition() -> None:
    # As many examples as coordinates, singular values from 1 to 1e-5: normal equations would be off by 1e-6.
    generator = Stream(0).generator()
    u, v = (np.linalg.qr(generator.standard_normal((6, 6))).Q for _ in range(2))
    xs = torch.from_numpy(u * np.logspace(0, -5, 6) @ v.T)
    w = torch.ones(6, dtype=torch.float64)
    solution = least_squares.solve(xs[None], (xs @ w)[None])
    # The condition times float64's rounding is 1e-11.
    torch.testing.assert_close(solution[0], w, rtol=1e-9, atol=1e-9)


def test_least_squares_sees_the_rank_of_float32_inputs() -> None:
    # x lies in 5 of 10 dimensions up to rounding. Were the rounding taken for directions, 10 examples would be fitted
    # without error, noise included; the truth is least squares in the subspace, with the error of 5 dimensions.
    task = LinearRegression(dim=10, length=13, label_noise=1.0, inputs=Subspace(rank=5))
    prompts = prompts_for(task, batch=400)
    error = task.error(LeastSquares().predict(prompts, [12]), rows_at(prompts, 12))
    expected = (1 + 5 / (12 - 5 - 1)) / 10
    # One squared error strays by about 1.6 times its mean, 400 by 8 %; four times that. In 10 dimensions it is 6 times.
    assert error.mean().item() == pytest.approx(expected, rel=0.32)


def rows_at(prompts: PromptBatch, i: int) -> PromptBatch:
    """The prompts with only the query after i examples scored, to go with predictions at that query alone."""
    return PromptBatch(
        tokens=prompts.tokens,
        queries=prompts.queries[i : i + 1],
        targets=prompts.targets[:, i : i + 1],
        scored=prompts.scored[:, i : i + 1],
    )


@pytest.mark.parametrize(
    "task",
    [
        LinearRegression(),
        LinearRegression(active_dims=7),
        LinearRegression(label_noise=1.0),
        SparseLinearRegression(),
        SparseLinearRegression(active_dims=10, label_noise=0.5),
    ],
    ids=LinearRegression.short,
)
def test_least_squares_lies_on_the_closed_form(task: LinearRegression | SparseLinearRegression) -> None:
    prompts = prompts_for(task, batch=800)
    errors = task.error(LeastSquares().predict(prompts), prompts)
    for i in range(task.length):
        expected = task.expected_least_squares(i)
        assert expected is not None
        if task.label_noise and abs(i - task.num_active) < 4:
            continue  # the error has no variance there, or no mean
        standard_error = errors[:, i].std().item() / 800**0.5
        # 4.5 standard errors, one true value in 10^5 outside. After `active` examples the error is 0 but for float32's
        # rounding of the labels, 1e-7, times the condition: up to 1e-4 where the matrix is square, squared 1e-8.
        square = abs(i - task.num_active) < 2
        assert abs(errors[:, i].mean().item() - expected) < 4.5 * standard_error + (1e-6 if square else 1e-10)


def test_ridge_equals_its_closed_form() -> None:
    prompts = prompts_for(LinearRegression(dim=6, length=12, label_noise=0.5))
    xs, ys = examples(prompts)
    predictions = Ridge(strength=0.7).predict(prompts)
    for b in range(len(xs)):
        for i in range(1, 12):
            # The dual form, in the examples rather than the coordinates: another path to the same number.
            dual = np.linalg.solve(xs[b, :i] @ xs[b, :i].T + 0.7 * np.eye(i), ys[b, :i])
            assert predictions[b, i].item() == pytest.approx(xs[b, i] @ xs[b, :i].T @ dual, rel=1e-10, abs=1e-10)


def test_ridge_is_the_best_predictor_under_noise() -> None:
    task = LinearRegression(dim=8, length=24, label_noise=1.0)
    prompts = prompts_for(task, batch=500)
    error = {s: task.error(Ridge(strength=s).predict(prompts), prompts).mean().item() for s in (0.25, 1.0, 4.0)}
    assert error[1.0] < min(error[0.25], error[4.0])


def test_averaging_is_the_mean_of_y_times_x() -> None:
    prompts = prompts_for(LinearRegression(dim=3, length=6))
    xs, ys = examples(prompts)
    w = np.mean(ys[:, :4, None] * xs[:, :4], axis=1)
    assert Averaging().predict(prompts)[:, 4].numpy() == pytest.approx(np.sum(w * xs[:, 4], axis=1), rel=1e-12)


@pytest.mark.parametrize("strength", [0.001, 0.01, 0.3])
@pytest.mark.parametrize(
    "task", [SparseLinearRegression(dim=8, length=14), LinearRegression(dim=8, length=14, label_noise=1)]
)
def test_lasso_equals_scikit_learn(task: LinearRegression | SparseLinearRegression, strength: float) -> None:
    prompts = prompts_for(task, batch=3)
    xs, ys = examples(prompts)
    predictions = Lasso(strength=strength).predict(prompts)
    for b in range(len(xs)):
        for i in range(1, 14):
            reference = ReferenceLasso(alpha=strength, fit_intercept=False, max_iter=10**6, tol=1e-13)
            expected = reference.fit(xs[b, :i], ys[b, :i]).predict(xs[b, i : i + 1])[0]
            # The reference stops at a duality gap of 1e-13 |y|^2; the weights are then good to the root of that, over
            # the root of the smallest curvature.
            assert predictions[b, i].item() == pytest.approx(expected, rel=1e-4, abs=1e-4)


def gap(xs: np.ndarray, ys: np.ndarray, w: np.ndarray, price: float) -> float:
    """Duality gap of the Lasso: primal minus dual objective at the residual scaled into the dual's feasible set."""
    residual = ys - xs @ w
    primal = residual @ residual / 2 + price * np.abs(w).sum()
    dual_point = residual * min(1, price / max(np.abs(xs.T @ residual).max(), 1e-300))
    return primal - (ys @ ys - (ys - dual_point) @ (ys - dual_point)) / 2


def solved(xs: np.ndarray, ys: np.ndarray, price: float) -> np.ndarray:
    x, y = torch.from_numpy(xs)[None], torch.from_numpy(ys)[None, :, None]
    return lasso.solve(x.mT @ x, (x.mT @ y)[..., 0], price, torch.zeros(1, xs.shape[1], dtype=torch.float64))[0].numpy()


@pytest.mark.parametrize("i", [1, 5, 10, 19, 20, 21, 40])
def test_lasso_closes_the_duality_gap_at_the_published_size(i: int) -> None:
    xs, ys = examples(prompts_for(LinearRegression(), batch=2))
    # The gap bounds how far the objective, of the order of |y|^2, is from its minimum; float64 keeps 1e-13 of it.
    assert gap(xs[0, :i], ys[0, :i], solved(xs[0, :i], ys[0, :i], 0.01 * i), 0.01 * i) < 1e-7 * (ys[0, :i] @ ys[0, :i])


@settings(max_examples=80, deadline=None)
@given(
    xs=st.lists(st.lists(st.integers(-2, 2), min_size=4, max_size=4), min_size=1, max_size=7),
    ys=st.lists(st.integers(-3, 3), min_size=7, max_size=7),
    price=st.sampled_from([0.01, 0.5, 2.0]),
)
def test_lasso_is_solved_where_columns_are_equal_opposite_or_zero(xs: list, ys: list, price: float) -> None:
    x, y = np.array(xs, dtype=float), np.array(ys[: len(xs)], dtype=float)
    assert gap(x, y, solved(x, y, price), price) < 1e-7
