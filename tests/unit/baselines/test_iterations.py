"""Iterative and recursive methods against the loops that define them, written out."""

import numpy as np
import pytest
import torch

from icl_lab.baselines.averaging import Averaging
from icl_lab.baselines.gd_plus_plus import GdPlusPlus
from icl_lab.baselines.gradient_descent import GradientDescent
from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.baselines.lms import Lms
from icl_lab.baselines.newton import Newton
from icl_lab.baselines.parts.iterations import IterativeBaseline
from icl_lab.baselines.recursive_least_squares import RecursiveLeastSquares
from icl_lab.baselines.ridge import Ridge
from icl_lab.core.streams import Stream
from icl_lab.tasks.inputs.skewed import Skewed
from icl_lab.tasks.linear_regression import LinearRegression

DIM, SHOWN = 6, 17
# Float64; a closed form against a loop of at most 17 steps, with conditions below 1e4.
CLOSE = {"rtol": 1e-8, "atol": 1e-8}


def drawn(shown: int = SHOWN) -> tuple[np.ndarray, np.ndarray, np.ndarray, torch.Tensor]:
    """X, y and the query of three prompts, and what a baseline would be asked."""
    task = LinearRegression(dim=DIM, length=shown + 1, inputs=Skewed(per="prompt"), label_noise=0.2)
    prompts = task.sample(Stream(1, ("iterations",)), 0, 3)
    assert prompts.examples is not None
    xs, ys = prompts.examples.xs.double().numpy(), prompts.examples.ys.double().numpy()
    return xs[:, :-1], ys[:, :-1], xs[:, -1], prompts


def predicted(baseline: object, shown: int = SHOWN) -> np.ndarray:
    prompts = drawn(shown)[3]
    return baseline.predict(prompts, shown=[shown])[:, 0].numpy()


def descended(
    x: np.ndarray, y: np.ndarray, steps: int, *, damped: np.ndarray | None = None, cautious: bool = False
) -> np.ndarray:
    """Gradient descent as Grazzi et al. describe it, the step taken from the inputs before they are damped."""
    values = np.linalg.eigvalsh(x.T @ x / len(x))
    values = values[values > 1e-10 * values[-1]]
    rate = 1 / values[-1] if cautious else 2 / (values[-1] + values[0])
    inputs = x if damped is None else x @ damped
    w = np.zeros(x.shape[1])
    for _ in range(steps):
        w = w - rate * inputs.T @ (inputs @ w - y) / len(x)
    return w


@pytest.mark.parametrize("shown", [3, DIM, SHOWN])
@pytest.mark.parametrize("steps", [0, 1, 2, 9])
def test_gradient_descent_is_the_loop(steps: int, shown: int) -> None:
    xs, ys, queries, _ = drawn(shown)
    for step_size in ("fastest", "cautious"):
        ours = predicted(GradientDescent(steps=steps, step_size=step_size), shown)
        weights = [descended(x, y, steps, cautious=step_size == "cautious") for x, y in zip(xs, ys, strict=True)]
        np.testing.assert_allclose(ours, [w @ q for w, q in zip(weights, queries, strict=True)], **CLOSE)


@pytest.mark.parametrize("gamma", [0.0, 1e-3, 0.02])
def test_gd_plus_plus_damps_examples_and_query_once_and_keeps_the_step(gamma: float) -> None:
    xs, ys, queries, _ = drawn()
    wanted = []
    for x, y, query in zip(xs, ys, queries, strict=True):
        damping = np.eye(DIM) - gamma * x.T @ x
        wanted.append(descended(x, y, 5, damped=damping) @ damping @ query)
    np.testing.assert_allclose(predicted(GdPlusPlus(steps=5, gamma=gamma)), wanted, **CLOSE)


@pytest.mark.parametrize("gamma", [0.0, 1e-3, 0.02])
@pytest.mark.parametrize("steps", [1, 2, 6])
def test_gd_plus_plus_damped_at_each_step_is_what_the_layers_of_von_oswald_et_al_do(gamma: float, steps: int) -> None:
    """Every token is changed by every layer: inputs are damped, labels lose what is explained, the query's gains it."""
    xs, ys, queries, _ = drawn()
    wanted = []
    for x, y, query in zip(xs, ys, queries, strict=True):
        said, asked, left, inputs = 0.0, query, y, x
        for _ in range(steps):
            values = np.linalg.eigvalsh(inputs.T @ inputs)
            rate, damping = 2 / (values[-1] + values[0]), np.eye(DIM) - gamma * inputs.T @ inputs
            added = rate * inputs.T @ left
            said, left = said + asked @ added, left - inputs @ added
            inputs, asked = inputs @ damping, damping @ asked
        wanted.append(said)
    ours = predicted(GdPlusPlus(steps=steps, gamma=gamma, damped="each_step"))
    np.testing.assert_allclose(ours, wanted, **CLOSE)


@pytest.mark.parametrize("steps", [0, 1, 2, 6])
def test_newton_is_the_iteration_for_the_inverse_and_steps_count_its_updates(steps: int) -> None:
    xs, ys, queries, _ = drawn()
    looped, closed = [], []
    for x, y, query in zip(xs, ys, queries, strict=True):
        gram = x.T @ x
        values, vectors = np.linalg.eigh(gram)
        inverse = gram.T / values[-1] ** 2
        for _ in range(steps):
            inverse = 2 * inverse - inverse @ gram @ inverse
        looped.append(inverse @ x.T @ y @ query)
        known = (1 - (1 - (values / values[-1]) ** 2) ** 2**steps) / values
        closed.append(query @ vectors @ (known * (vectors.T @ x.T @ y)))
    np.testing.assert_allclose(predicted(Newton(steps=steps)), looped, **CLOSE)
    np.testing.assert_allclose(predicted(Newton(steps=steps)), closed, **CLOSE)


@pytest.mark.parametrize("normalised", [False, True])
def test_lms_is_the_delta_rule(normalised: bool) -> None:
    xs, ys, queries, _ = drawn()
    rate, wanted = 0.05, []
    for x, y, query in zip(xs, ys, queries, strict=True):
        w = np.zeros(DIM)
        for one, label in zip(x, y, strict=True):
            w += rate * (label - w @ one) * one / (one @ one if normalised else 1)
        wanted.append(w @ query)
    np.testing.assert_allclose(predicted(Lms(rate=rate, normalised=normalised)), wanted, **CLOSE)


def test_recursive_least_squares_minimises_the_discounted_sum() -> None:
    xs, ys, queries, _ = drawn()
    forgetting, strength, wanted = 0.9, 0.3, []
    weights = forgetting ** np.arange(SHOWN)[::-1]
    for x, y, query in zip(xs, ys, queries, strict=True):
        gram = x.T @ (weights[:, None] * x) + forgetting**SHOWN * strength * np.eye(DIM)
        wanted.append(np.linalg.solve(gram, x.T @ (weights * y)) @ query)
    ours = predicted(RecursiveLeastSquares(forgetting=forgetting, strength=strength))
    np.testing.assert_allclose(ours, wanted, **CLOSE)


def test_special_cases_are_the_methods_they_are_said_to_be() -> None:
    prompts = drawn()[3]
    pairs = (
        (GradientDescent(steps=1, rate=1.0), Averaging()),
        (GdPlusPlus(steps=7, gamma=0.0), GradientDescent(steps=7)),
        (GdPlusPlus(steps=7, gamma=0.0, damped="each_step"), GradientDescent(steps=7)),
        (GdPlusPlus(steps=1, damped="each_step"), GradientDescent(steps=1)),
        (RecursiveLeastSquares(forgetting=1.0, strength=0.5), Ridge(strength=0.5)),
    )
    for one, other in pairs:
        torch.testing.assert_close(one.predict(prompts), other.predict(prompts), **CLOSE)
    # With 40 squarings 1 - 1e-4 is 0; least squares of smallest norm is where all of them end, rank or no rank.
    torch.testing.assert_close(Newton(steps=40).predict(prompts), LeastSquares().predict(prompts), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("method", [GradientDescent(), GdPlusPlus(), GdPlusPlus(damped="each_step")])
def test_no_step_of_descent_is_the_answer_zero(method: IterativeBaseline) -> None:
    assert (predicted(method.replace(steps=0)) == 0).all()
