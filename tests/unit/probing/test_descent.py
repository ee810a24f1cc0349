"""GD++ against its gamma: gradient descent at 0, and the published figure where it damps with good reason."""

import numpy as np
import pytest
import torch

from icl_lab.core.streams import Stream
from icl_lab.probing.algorithms.descent import STEPS, errors_of_damping
from icl_lab.probing.questions import Questions, ask
from icl_lab.published.probing import TASKS, has_published_gamma, published_gamma
from icl_lab.tasks.linear_regression import LinearRegression

SKEWED = TASKS["skewed_linear_regression"]


def asked(functions: int) -> Questions:
    return ask(SKEWED, shown=40, queries=40, functions=functions, stream=Stream(0).child("damping"))


def test_without_damping_it_is_gradient_descent_step_by_step() -> None:
    questions = asked(3)
    xs, ys, queries = (part.double() for part in (questions.xs, questions.ys, questions.queries))
    gram, found = xs.mT @ xs, errors_of_damping(questions, 40, [0.0], steps=3)
    eigenvalues = torch.linalg.eigvalsh(gram)
    rate = 2 / (eigenvalues[:, -1] + eigenvalues[:, 0])
    w = torch.zeros(3, 20, dtype=torch.float64)
    for _ in range(3):
        w = w - rate[:, None] * ((gram @ w[..., None])[..., 0] - (xs.mT @ ys[..., None])[..., 0])
    error = ((queries @ w[..., None])[..., 0] - questions.answers).square().mean(1) / 20
    np.testing.assert_allclose(found[:, 0], error, rtol=1e-9)  # float64, sums in another order


def test_the_published_figure_is_met_where_the_error_is_small() -> None:
    gamma, error = published_gamma()
    flat = (gamma > 2e-5) & (gamma < 9e-4)
    ours = errors_of_damping(asked(128), 40, gamma[flat].tolist()).mean(0).numpy()
    # Five draws of 128 functions are up to 20 per cent off, this one 2; with half of the steps it is more than 50.
    np.testing.assert_allclose(ours, error[flat], rtol=0.2)
    half = errors_of_damping(asked(128), 40, [1.94e-4], steps=STEPS // 2).mean()
    assert half > 1.2 * ours.min()


def test_figure_11_is_about_skewed_regression_in_twenty_dimensions() -> None:
    assert has_published_gamma(SKEWED.replace(length=161))
    assert not has_published_gamma(SKEWED.replace(dim=5))
    assert not has_published_gamma(LinearRegression())


@pytest.mark.parametrize("shown", [1, 5])
def test_few_examples_and_much_damping_are_finite(shown: int) -> None:
    assert errors_of_damping(asked(4), shown, [0.0, 1e-6, 1e-3]).isfinite().all()
