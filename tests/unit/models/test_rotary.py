"""Rotary positions against a transcription with complex numbers, and their defining property."""

import numpy as np
import torch

from icl_lab.models.rotary import rotate, turn
from tests.unit.models.toys import assert_same, randn


def by_complex_numbers(x: np.ndarray, first: int) -> np.ndarray:
    """Su et al. 2021, equation 13: plane j as a complex number times e^(i p theta_j), theta_j = 10000^(-2j/d)."""
    batch, heads, num_tokens, width = x.shape
    turned = np.empty_like(x)
    for token in range(num_tokens):
        for plane in range(width // 2):
            number = x[:, :, token, plane] + 1j * x[:, :, token, plane + width // 2]
            number = number * np.exp(1j * (first + token) * 10_000 ** (-2 * plane / width))
            turned[:, :, token, plane], turned[:, :, token, plane + width // 2] = number.real, number.imag
    return turned


def test_equals_multiplication_by_a_phase() -> None:
    x = randn(2, 3, 7, 6)
    assert_same(rotate(x, 5), torch.from_numpy(by_complex_numbers(x.numpy(), first=5)))


def test_scores_depend_on_distance_only() -> None:
    q, k = randn(1, 1, 4, 8), randn(1, 1, 4, 8, seed=1)
    near = rotate(q, 3) @ rotate(k, 1).mT
    far = rotate(q, 103) @ rotate(k, 101).mT
    # Angles of a hundred radians lose two of sixteen digits.
    torch.testing.assert_close(near, far, rtol=1e-9, atol=1e-12)
    assert (near - rotate(q, 4) @ rotate(k, 1).mT).abs().max() > 1e-2


def test_keeps_lengths() -> None:
    x = randn(1, 2, 9, 4)
    assert_same(rotate(x).norm(dim=-1), x.norm(dim=-1))


def test_turning_by_given_angles_is_multiplication_by_phases() -> None:
    q, k, angles = randn(2, 3, 5, 7), randn(2, 3, 5, 7, seed=1), randn(2, 3, 5, 2, seed=2)
    for before, after in zip((q, k), turn(q.clone(), k.clone(), angles), strict=True):
        planes = torch.complex(before[..., :2], before[..., 2:4]) * torch.polar(torch.ones_like(angles), angles)
        assert_same(after, torch.cat([planes.real, planes.imag, before[..., 4:]], dim=-1))


def test_gradients_of_turning_are_those_of_finite_differences() -> None:
    given = randn(1, 2, 3, 6), randn(1, 2, 3, 6, seed=1), randn(1, 2, 3, 2, seed=2)
    # Sums, since turning is in place and may not change what is given here.
    assert torch.autograd.gradcheck(lambda q, k, a: turn(q + 0, k + 0, a), [x.requires_grad_() for x in given])
