"""What mixers with heads share: cutting the width into heads, the short convolution, the norm of each head.

b batch   t num_tokens   m d_model   h num_heads   c width of a head   e channels   k filter width
"""

import math

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from icl_lab import kernels
from icl_lab.core.errors import UserError
from icl_lab.models.initialisation import uniform

PUBLISHED_WIDTH = 32
"""Of an attention head: 8 heads share a width of 256 in Grazzi et al. and in Park et al."""


def split_heads(x: Float[Tensor, "b t m"], num_heads: int) -> Float[Tensor, "b h t c"]:
    """Cut the last axis into heads."""
    return rearrange(x, "b t (h c) -> b h t c", h=num_heads)


def join_heads(x: Float[Tensor, "b h t c"]) -> Float[Tensor, "b t m"]:
    """Put heads beside each other."""
    return rearrange(x, "b h t c -> b t (h c)")


def unit(x: Float[Tensor, "*vectors c"]) -> Float[Tensor, "*vectors c"]:
    """Vectors of length 1; those that are almost 0 stay short."""
    return x * torch.rsqrt(x.square().sum(-1, keepdim=True) + 1e-6)


class HeadNorm(nn.Module):
    """RMS norm of each head, with one gain for the width of a head that all heads share."""

    def __init__(self, d_head: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d_head))

    def forward(self, x: Float[Tensor, "*heads c"]) -> Float[Tensor, "*heads c"]:
        """Heads of root mean square 1, times the gain."""
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * self.weight


class ShortConvolution(nn.Module):
    """A causal convolution over a few tokens, each channel for itself, followed by SiLU; without a bias."""

    def __init__(self, channels: int, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.weight = nn.Parameter(uniform((channels, width), width**-0.5, generator))

    def initial_state(self, batch: int) -> Float[Tensor, "b k_less_1 e"]:
        """The inputs before the first token: zeros."""
        channels, width = self.weight.shape
        return self.weight.new_zeros(batch, width - 1, channels)

    def forward(
        self, x: Float[Tensor, "b t e"], recent: Float[Tensor, "b k_less_1 e"]
    ) -> tuple[Float[Tensor, "b t e"], Float[Tensor, "b k_less_1 e"]]:
        """Outputs, and the last inputs."""
        output, after = kernels.causal_conv1d(x, self.weight, None, silu=True, initial_state=recent, return_state=True)
        return output, after


def heads_of(where: str, d_model: int, num_heads: int | None) -> int:
    """How many heads share a width: as many as asked for, else the divisor that makes them most nearly 32 wide.

    Raises:
        UserError: `num_heads` does not divide `d_model`.
    """
    if num_heads is None:
        divisors = (heads for heads in range(1, d_model + 1) if d_model % heads == 0)
        return min(divisors, key=lambda heads: abs(math.log(d_model / heads / PUBLISHED_WIDTH)))
    width_of_head(where, d_model, num_heads)
    return num_heads


def width_of_head(where: str, d_model: int, num_heads: int) -> int:
    """The width of each of some heads that share a model's width equally.

    Raises:
        UserError: `num_heads` does not divide `d_model`.
    """
    if d_model % num_heads:
        choices = [heads for heads in range(1, d_model + 1) if d_model % heads == 0 and heads <= 16]
        raise UserError(
            f"{where}.num_heads: expected a divisor of d_model={d_model}, got {num_heads}; "
            f"take one of {', '.join(map(str, choices))}"
        )
    return d_model // num_heads
