"""Finite pools, Gaussian processes and single-index functions are what their papers define."""

import numpy as np
import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.core.pools import weight_pool
from icl_lab.core.streams import Stream
from icl_lab.tasks.gaussian_process import GaussianProcess
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.shifts.new_functions import NewFunctions
from icl_lab.tasks.single_index import SingleIndex
from icl_lab.tasks.task_pool import TaskPool

STREAM = Stream(0, ("pools",))


def weights(task: TaskPool, stream: Stream, prompts: int = 200) -> np.ndarray:
    """The w behind prompts without noise: more examples than coordinates give it exactly, up to float32."""
    examples = task.replace(label_noise=0.0).sample(stream, 0, prompts).examples
    assert examples is not None
    return np.stack(
        [np.linalg.lstsq(x, y, rcond=None)[0] for x, y in zip(examples.xs.numpy(), examples.ys.numpy(), strict=True)]
    )


def test_prompts_share_exactly_the_tasks_of_the_pool() -> None:
    task = TaskPool(num_tasks=5)
    for stream in (STREAM, STREAM.child("evaluation"), Stream(7)):
        distances = np.abs(weights(task, stream)[:, None] - weight_pool(0, 5, 8)).max(2)
        assert distances.min(1).max() < 1e-3  # float32 through least squares of 16 examples
        # Each of 5 tasks is missed by 200 prompts with probability 0.8^200.
        assert set(distances.argmin(1)) == set(range(5))


def test_another_seed_is_another_pool_and_a_larger_pool_contains_the_smaller() -> None:
    assert np.abs(weight_pool(1, 5, 8) - weight_pool(0, 5, 8)).min() > 1e-6
    assert np.array_equal(weight_pool(0, 9, 8)[:5], weight_pool(0, 5, 8))
    with pytest.raises(ValueError, match="read-only"):
        weight_pool(0, 5, 8)[0] = 0


def test_new_functions_are_not_in_the_pool() -> None:
    new = NewFunctions().shifted(TaskPool(num_tasks=5))
    assert isinstance(new, TaskPool)
    found = weights(new, STREAM)
    assert np.abs(found[:, None] - weight_pool(0, 5, 8)).max(2).min() > 0.01
    # 1,600 numbers: the deviation strays by 0.018; four and a half times that.
    assert found.std() == pytest.approx(1, abs=0.08)
    with pytest.raises(UserError, match="needs a task with a pool of functions; linear_regression has none"):
        NewFunctions().shifted(LinearRegression())


def test_a_pool_has_the_published_sizes() -> None:
    task = TaskPool()
    assert (task.dim, task.length, task.label_noise**2) == (8, 16, 0.25)


@pytest.mark.parametrize("length_scale", [0.5, 1.0, 3.0])
def test_functions_have_the_covariance_of_the_kernel(length_scale: float) -> None:
    task = GaussianProcess(length_scale=length_scale)
    xs = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    f = task.labels(np.tile(xs, (20_000, 1, 1)), STREAM.generator())
    squares = ((xs[:, None] - xs) ** 2).sum(2)
    # 20,000 prompts: a covariance strays by at most sqrt(2 / 20,000) = 0.01; four and a half times that.
    assert f.T @ f / 20_000 == pytest.approx(np.exp(-squares / (2 * length_scale**2)), abs=0.045)
    assert np.abs(f[:, 0] - f[:, 3]).max() < 1e-3  # equal inputs: the jitter's 3e-5, five deviations and more
    third = np.mean(f**3, axis=0)
    assert np.abs(third).max() < 0.13  # normal: deviation sqrt(15 / 20,000) = 0.027


def test_more_inputs_do_not_change_the_function_at_the_first() -> None:
    xs = STREAM.generator().standard_normal((3, 9, 2))
    few, many = (GaussianProcess().labels(xs[:, :n], STREAM.generator(1)) for n in (4, 9))
    assert many[:, :4] == pytest.approx(few, abs=1e-6)  # a kernel of nearly equal inputs loses some digits


def test_single_index_functions_vary_in_one_direction_only() -> None:
    task = SingleIndex(dim=6, index_dim=4)
    # Numerical gradients at different points of one prompt are parallel, and lie in the first four coordinates.
    step = 1e-5
    points = STREAM.generator(1).standard_normal((5, 8, 1, 6)) + step * np.vstack([np.zeros(6), np.eye(6)])
    y = task.labels(points.reshape(5, 56, 6), STREAM.generator(2)).reshape(5, 8, 7)
    gradients = (y[..., 1:] - y[..., :1]) / step
    for prompt in gradients:
        spectrum = np.linalg.svd(prompt, compute_uv=False)
        assert spectrum[1] < 1e-3 * spectrum[0]  # differences of step 1e-5 are right to about 1e-4
        assert np.abs(prompt[:, 4:]).max() < 1e-6


@pytest.mark.parametrize(("lowest", "highest"), [(1, 1), (2, 2), (2, 3)])
def test_single_index_labels_are_orthogonal_to_polynomials_below_the_lowest_degree(lowest: int, highest: int) -> None:
    task = SingleIndex(dim=1, lowest=lowest, highest=highest)
    z = STREAM.generator().standard_normal((400, 2000, 1))
    y = task.labels(z, STREAM.generator(1)) * np.sign(z[:, :1, 0])
    for degree in range(lowest):
        products = (y * z[..., 0] ** degree).mean(1)
        assert abs(products.mean()) < 5 * products.std() / 20  # 400 prompts
    variances = (y**2).mean(1)
    assert variances.mean() == pytest.approx(1, abs=5 * variances.std() / 20)
    assert task.zero_error == pytest.approx(1, rel=1e-12)


def test_single_index_functions_of_degree_one_are_linear() -> None:
    xs = STREAM.generator().standard_normal((2, 9, 4))
    y = SingleIndex(dim=4, lowest=1, highest=1).labels(xs, STREAM.generator(1))
    for x, label in zip(xs, y, strict=True):
        w, residual = np.linalg.lstsq(x, label, rcond=None)[:2]
        assert residual.max() < 1e-20
        assert np.linalg.norm(w) == pytest.approx(1)
    with pytest.raises(UserError, match=r"lowest: expected at most highest=3, got 4"):
        SingleIndex(lowest=4)


def test_labels_of_a_prompt_are_finite() -> None:
    for task in (TaskPool(), GaussianProcess(), SingleIndex()):
        assert torch.isfinite(task.sample(STREAM, 0, 4).targets).all()
