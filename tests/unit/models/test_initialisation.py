"""Layers are drawn from the generator they are given, in the ranges they say, on the device in force."""

import math

import pytest
import torch

from icl_lab.models.initialisation import inverse_softplus, linear, log_uniform, norm
from tests.unit.models.toys import generator, randn


def test_linear_starts_as_torch_has_it() -> None:
    layer = linear(100, 400, generator())
    # Uniform on +-0.1: variance 0.01 / 3; 40,000 draws, 3% is ten standard errors.
    assert layer.weight.abs().max() <= 0.1
    assert layer.weight.var().item() == pytest.approx(0.01 / 3, rel=0.03)
    assert 0.09 < layer.bias.abs().max() <= 0.1


def test_linear_variants() -> None:
    assert linear(4, 5, generator(), bias="none").bias is None
    assert not linear(4, 5, generator(), bias="zero").bias.any()
    scaled, plain = linear(9, 9, generator(), scale=0.5), linear(9, 9, generator())
    assert torch.equal(scaled.weight, plain.weight / 2)
    gaussian = linear(200, 200, generator(), std=0.02, scale=0.5)
    assert gaussian.weight.std().item() == pytest.approx(0.01, rel=0.03)


def test_nothing_touches_the_global_generator() -> None:
    before = torch.get_rng_state()
    linear(3, 4, generator())
    norm("layer", 5)
    norm("rms", 5)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_default_device_is_respected() -> None:
    with torch.device("meta"):
        assert linear(10**6, 10**6, generator()).weight.is_meta


def test_log_uniform_gives_logarithms() -> None:
    drawn = log_uniform((1000,), 0.001, 0.1, generator())
    assert math.log(0.001) <= drawn.min()
    assert drawn.max() <= math.log(0.1)


def test_inverse_softplus_is_one() -> None:
    x = torch.logspace(-6, 1, 50, dtype=torch.float64)
    torch.testing.assert_close(torch.nn.functional.softplus(inverse_softplus(x)), x, rtol=1e-9, atol=0)


def test_norms() -> None:
    x = randn(4, 7) + 3
    torch.testing.assert_close(norm("layer", 7).double()(x).mean(-1), torch.zeros(4).double(), rtol=0, atol=1e-12)
    # Epsilon, 1e-5, is under the root of a mean square of about ten.
    torch.testing.assert_close(norm("rms", 7).double()(x).square().mean(-1), torch.ones(4).double(), rtol=0, atol=1e-5)
