"""Faded products and the inverse, against their definitions."""

import pytest
import torch

from icl_lab.kernels.recurrences.decays import ChunkDecays
from icl_lab.kernels.recurrences.inverse import inverse_minus

FLOAT64 = 1e-13  # sums of 32 terms in another order


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("length", [1, 2, 32])
@pytest.mark.parametrize("channels", [1, 3])
def test_products_fade_by_the_decays_in_between(length, channels):
    q, k, g = random(2, length, 3), random(2, length, 3, seed=1), -random(2, length, channels, seed=2).abs()
    (found,) = ChunkDecays(g).products([q], [k])
    for i in range(length):
        for j in range(length):
            faded = (q[:, i] * k[:, j] * g[:, j + 1 : i + 1].sum(1).exp()).sum(-1) if j <= i else torch.zeros(2)
            assert torch.allclose(found[:, i, j], faded.to(found), rtol=0, atol=FLOAT64)


def test_gradients_of_several_products_at_once():
    leaves = [random(1, 4, 2, seed=seed).requires_grad_() for seed in range(5)]

    def products(g, q, r, k, s):
        return tuple(ChunkDecays(-g.abs()).products([q, r], [k, s]))

    assert torch.autograd.gradcheck(products, leaves)


@pytest.mark.parametrize("length", [1, 2, 16])
def test_the_inverse_is_one(length):
    A = random(3, length, length).tril(-1)
    eye = torch.eye(length, dtype=torch.float64)
    product = inverse_minus(A) @ (eye - A)
    # Entries of the inverse grow like 2^length before they cancel here.
    assert torch.allclose(product, eye.expand_as(product), rtol=0, atol=1e-9)


def test_the_gradient_of_the_inverse():
    A = random(2, 8, 8).tril(-1).requires_grad_()
    assert torch.autograd.gradcheck(lambda A: inverse_minus(A.tril(-1)), [A])
