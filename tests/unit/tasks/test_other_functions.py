"""Parities, half-spaces, sums of squares and noisy lines are what they say."""

import math
from itertools import combinations

import numpy as np
import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.linear_classification import LinearClassification
from icl_lab.tasks.noisy_linear_regression import NoisyLinearRegression
from icl_lab.tasks.quadratic_regression import QuadraticRegression
from icl_lab.tasks.sparse_parity import SparseParity

FUNCTIONS = Stream(0, ("functions",))


def subsets(prompts: PromptBatch, sparsity: int) -> list[tuple[int, ...]]:
    """The subset behind every prompt, of which there must be exactly one."""
    assert prompts.examples is not None
    xs, ys = prompts.examples.xs.numpy(), prompts.examples.ys.numpy()
    assert set(np.unique(xs)) == set(np.unique(ys)) == {-1, 1}
    found = []
    for x, y in zip(xs, ys, strict=True):
        explaining = [s for s in combinations(range(x.shape[1]), sparsity) if np.array_equal(x[:, s].prod(1), y)]
        assert len(explaining) == 1
        found += explaining
    return found


def test_parity_draws_one_subset_a_prompt_and_all_are_equally_likely() -> None:
    found = [s for step in range(3) for s in subsets(SparseParity(dim=5, length=40).sample(FUNCTIONS, step, 200), 2)]
    counts = np.array([found.count(s) for s in combinations(range(5), 2)])
    # 600 draws of 10 subsets: 60 each, give or take 7.3; four times that.
    assert counts.sum() == 600
    assert np.abs(counts - 60).max() < 30


def test_released_parity_draws_one_subset_a_batch() -> None:
    task = SparseParity(sparsity=3, subset_per="batch")
    found = [set(subsets(task.sample(FUNCTIONS, step, 20), 3)) for step in range(6)]
    assert [len(each) for each in found] == [1] * 6
    assert len(set.union(*found)) > 1
    assert task.shared_draws
    assert not SparseParity().shared_draws


def test_parity_keeps_to_active_coordinates_and_refuses_too_many() -> None:
    prompts = SparseParity(active_dims=4, length=60).sample(FUNCTIONS, 0, 5)
    assert prompts.examples is not None
    assert set(prompts.examples.ys.unique().tolist()) == {-1, 1}
    with pytest.raises(UserError, match=r"sparse_parity\.sparsity: expected at most 10, the active coordinates"):
        SparseParity(sparsity=11)


def test_parity_has_the_published_sizes() -> None:
    task = SparseParity()
    assert (task.dim, task.sparsity, task.length, task.num_tokens, task.curriculum.dims) == (10, 2, 140, 280, None)
    assert SparseParity(sparsity=3).baselines[0] == "bayes_parity(sparsity=3)"


def test_half_spaces_are_cones_and_their_complements_mirror_images() -> None:
    task, xs = LinearClassification(dim=5), FUNCTIONS.generator(1).standard_normal((200, 30, 5))
    y = task.labels(xs, FUNCTIONS.generator())
    assert set(np.unique(y)) == {-1, 1}
    assert np.array_equal(task.labels(-xs, FUNCTIONS.generator()), -y)
    # A positive combination of inputs, all turned to the positive side, is on the positive side.
    mixed = np.abs(FUNCTIONS.generator(2).standard_normal((200, 30, 30))) @ (xs * y[..., None])
    assert (task.labels(mixed, FUNCTIONS.generator()) == 1).all()
    # Weights are isotropic: e_1 and (e_1 + e_2) / sqrt 2 are on one side with probability 1 - 45 / 180.
    rays = np.tile([[1.0, 0, 0, 0, 0], [1, 1, 0, 0, 0]], (8000, 1, 1))
    first, second = task.labels(rays, FUNCTIONS.generator(3)).T
    assert np.mean(first == second) == pytest.approx(0.75, abs=0.02)  # 4 standard errors of 8,000
    assert abs(first.mean()) < 0.045


def test_quadratic_functions_are_weighted_sums_of_squares() -> None:
    task = QuadraticRegression(dim=6)
    w = math.sqrt(3) * task.labels(np.tile(np.eye(6), (2000, 1, 1)), FUNCTIONS.generator())
    # 12,000 numbers: mean and variance stray by 0.009 and 0.013; four times that.
    assert abs(w.mean()) < 0.037
    assert abs(w.var() - 1) < 0.052
    xs = FUNCTIONS.generator(1).standard_normal((2000, 4, 6))
    expected = np.einsum("bld,bd->bl", xs**2, w) / math.sqrt(3)
    assert task.labels(xs, FUNCTIONS.generator()) == pytest.approx(expected, rel=1e-9)


def test_noisy_regression_is_noisy_by_default_and_names_its_bayes_predictor() -> None:
    task = NoisyLinearRegression()
    assert task.label_noise == 1
    assert task.zero_error == 21 / 20
    assert task.replace(restandardised=True).zero_error == 1
    assert task.baselines[0] == "ridge"
    assert NoisyLinearRegression(label_noise=0.5, label_scale=3.0).baselines[0] == "ridge(strength=0.25)"
    assert NoisyLinearRegression(label_noise=0.0).baselines[0] == "least_squares"
    ys = task.replace(restandardised=True).sample(FUNCTIONS, 0, 8).targets
    assert ys.square().mean().item() == pytest.approx(20, rel=1e-5)  # float32


def test_noise_on_signs_turns_one_in_six() -> None:
    clean, noisy = (LinearClassification(label_noise=s).sample(FUNCTIONS, 0, 200).targets for s in (0.0, 1.0))
    turned = torch.mean((clean != noisy.sign()).double()).item()
    # P(N(0, 1) > 1) = 0.159; 8,200 draws stray by 0.004.
    assert turned == pytest.approx(0.159, abs=0.016)
