"""Inputs for the kernels, and every output and gradient they lead to, in any precision and on any backend."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from icl_lab.kernels import library

Tensors = dict[str, Tensor]

needs_native = pytest.mark.skipif(library.trouble() is not None, reason=str(library.trouble()))


def scan_inputs(
    batch: int, num_tokens: int, channels: int, d_state: int, *, dt_mean: float = -2.0, decay: float = 8.0
) -> Tensors:
    """Inputs of a scan with every option; step sizes are softplus(dt_mean + noise), decay rates up to `decay`."""
    generator = torch.Generator().manual_seed(1000 * num_tokens + 10 * channels + d_state)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    return {
        "u": normal(batch, num_tokens, channels),
        "dt": normal(batch, num_tokens, channels),
        "A": -torch.rand(channels, d_state, generator=generator) * decay,
        "B": normal(batch, num_tokens, d_state),
        "C": normal(batch, num_tokens, d_state),
        "D": normal(channels),
        "z": normal(batch, num_tokens, channels),
        "dt_bias": normal(channels) * 0.1 + dt_mean,
        "initial_state": normal(batch, channels, d_state),
    }


def convolution_inputs(batch: int, num_tokens: int, channels: int, width: int) -> Tensors:
    """Inputs of a convolution with every option."""
    generator = torch.Generator().manual_seed(num_tokens + channels)
    return {
        "x": torch.randn(batch, num_tokens, channels, generator=generator),
        "weight": torch.randn(channels, width, generator=generator),
        "bias": torch.randn(channels, generator=generator),
        "initial_state": torch.randn(batch, width - 1, channels, generator=generator),
    }


def inner_inputs(batch: int, num_tokens: int, channels: int, d_state: int, *, width: int = 4, rank: int = 3) -> Tensors:
    """Inputs of the middle of a Mamba block."""
    generator = torch.Generator().manual_seed(num_tokens + channels + d_state)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    return {
        "xz": normal(batch, num_tokens, 2 * channels),
        "conv_weight": normal(channels, width),
        "conv_bias": normal(channels),
        "x_proj": normal(rank + 2 * d_state, channels) / channels**0.5,
        "dt_proj": normal(channels, rank) / rank**0.5,
        "dt_bias": normal(channels) * 0.1 - 2,
        "A": -torch.rand(channels, d_state, generator=generator) * 8,
        "D": normal(channels),
    }


def cast(tensors: Tensors, dtype: torch.dtype) -> Tensors:
    """The same numbers in another precision."""
    return {name: tensor.to(dtype) for name, tensor in tensors.items()}


def outputs_and_gradients(kernels: ModuleType, operation: str, tensors: Tensors, **settings: Any) -> Tensors:
    """Outputs of an operation, and the gradients of all inputs for a fixed random weighting of all outputs."""
    leaves = {name: tensor.detach().clone().requires_grad_() for name, tensor in tensors.items()}
    result = getattr(kernels, operation)(**leaves, **settings)
    outputs = result if isinstance(result, tuple) else (result,)
    generator = torch.Generator().manual_seed(0)
    grads = [torch.randn(y.shape, generator=generator).to(y) for y in outputs]
    torch.autograd.backward(outputs, grads)
    found = {f"output {i}": y.detach() for i, y in enumerate(outputs)}
    return found | {f"gradient of {name}": leaf.grad for name, leaf in leaves.items()}  # type: ignore[dict-item]


def relative_error(found: Tensor, expected: Tensor) -> float:
    """Largest deviation over largest value; 0 where both are empty or zero."""
    if expected.numel() == 0:
        return 0.0
    deviation = (found.double() - expected.double()).abs().max()
    return float(deviation / expected.double().abs().max().clamp(min=1e-30))


def assert_close(found: Tensors, expected: Tensors, tolerance: float) -> None:
    """Every tensor of both, by name."""
    assert found.keys() == expected.keys()
    errors = {name: relative_error(found[name], expected[name]) for name in expected}
    assert all(error <= tolerance for error in errors.values()), errors


def assert_close_or_ill_conditioned(
    found: Tensors, expected: Tensors, plain: Callable[[], Tensors], tolerance: float
) -> None:
    """As `assert_close`; where the problem itself loses digits, three times what PyTorch loses in float32."""
    errors = {name: relative_error(found[name], expected[name]) for name in expected}
    missed = [name for name in expected if not errors[name] <= tolerance]
    lost = plain() if missed else {}
    assert all(errors[name] <= 3 * relative_error(lost[name], expected[name]) for name in missed), errors
