"""Layers with weights drawn from a given generator; nothing here touches torch's global one.

Tensors are made on torch's current default device, so that `with torch.device("meta"):` builds a network of any size
at no cost. The draws follow torch's own default, U(-1/sqrt(fan_in), 1/sqrt(fan_in)), unless a caller says otherwise.
"""

import math
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from icl_lab import kernels

Bias = Literal["uniform", "zero", "none"]
Norm = Literal["layer", "rms"]


def uniform(shape: tuple[int, ...], bound: float, generator: torch.Generator) -> Float[Tensor, "*shape"]:
    """Numbers drawn from U(-bound, bound)."""
    return torch.empty(shape).uniform_(-bound, bound, generator=generator)


def normal(shape: tuple[int, ...], std: float, generator: torch.Generator) -> Float[Tensor, "*shape"]:
    """Numbers drawn from N(0, std^2)."""
    return torch.empty(shape).normal_(0.0, std, generator=generator)


def log_uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Float[Tensor, "*shape"]:
    """Logarithms of numbers drawn log-uniformly between `low` and `high`."""
    return torch.empty(shape).uniform_(math.log(low), math.log(high), generator=generator)


def inverse_softplus(x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """The number whose softplus is `x`; accurate for small `x`, where log(exp(x) - 1) is not.

    >>> bool(torch.nn.functional.softplus(inverse_softplus(torch.tensor(0.001))).isclose(torch.tensor(0.001)))
    True
    """
    return x + torch.log(-torch.expm1(-x))


@torch.no_grad()
def linear(
    d_in: int,
    d_out: int,
    generator: torch.Generator,
    *,
    bias: Bias = "uniform",
    std: float | None = None,
    scale: float = 1.0,
) -> nn.Linear:
    """An affine map.

    Args:
        d_in: Width of the input.
        d_out: Width of the output.
        generator: Draws the weights, then the bias.
        bias: `"uniform"` draws it as torch does by default, `"zero"` starts it at zero, `"none"` leaves it out.
        std: Draw the weights from N(0, std^2); torch's default, a uniform distribution, without it.
        scale: Factor on the drawn weights, for residual projections.
    """
    # Made without storage first: torch's constructor would draw from the global generator.
    layer = nn.Linear(d_in, d_out, bias=bias != "none", device="meta").to_empty(device=torch.get_default_device())
    bound = d_in**-0.5
    if std is None:
        layer.weight.uniform_(-bound * scale, bound * scale, generator=generator)
    else:
        layer.weight.normal_(0.0, std * scale, generator=generator)
    if bias == "uniform":
        layer.bias.uniform_(-bound, bound, generator=generator)
    elif bias == "zero":
        layer.bias.zero_()
    return layer


@torch.no_grad()
def embedding(symbols: int, d_model: int, std: float, generator: torch.Generator) -> nn.Embedding:
    """A vector for each symbol, drawn from N(0, std^2)."""
    layer = nn.Embedding(symbols, d_model, device="meta").to_empty(device=torch.get_default_device())
    layer.weight.normal_(0.0, std, generator=generator)
    return layer


class LayerNorm(nn.LayerNorm):
    """PyTorch's layer norm through our kernels."""

    def forward(self, x: Float[Tensor, "*rows m"]) -> Float[Tensor, "*rows m"]:
        """Rows of mean 0 and variance 1, times the gain, plus the offset."""
        return kernels.layer_norm(x, self.weight, self.bias, self.eps)


class RMSNorm(nn.RMSNorm):
    """PyTorch's RMS norm through our kernels."""

    def forward(self, x: Float[Tensor, "*rows m"]) -> Float[Tensor, "*rows m"]:
        """Rows of mean square 1, times the gain."""
        assert self.eps is not None
        return kernels.rms_norm(x, self.weight, self.eps)


def norm(kind: Norm, d_model: int) -> nn.Module:
    """Layer norm (with an offset) or RMS norm (without), both with a gain that starts at one and epsilon 1e-5."""
    return LayerNorm(d_model, eps=1e-5) if kind == "layer" else RMSNorm(d_model, eps=1e-5)
