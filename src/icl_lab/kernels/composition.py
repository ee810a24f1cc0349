"""What lies between the input and the output projection of a Mamba block, composed of a convolution and a scan.

b batch   t num_tokens   e channels   n d_state   k width of the convolution   r rank of the step size
"""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn import functional as F


@runtime_checkable
class Convolve(Protocol):
    """A causal convolution, called as `kernels.causal_conv1d` is."""

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        """The convolved and activated sequence."""
        ...


@runtime_checkable
class Scan(Protocol):
    """A selective scan, called as `kernels.selective_scan` is."""

    def __call__(
        self, u: Tensor, dt: Tensor, A: Tensor, B: Tensor, C: Tensor, *, D: Tensor, z: Tensor, dt_bias: Tensor
    ) -> Tensor:
        """The output sequence, gated by z."""
        ...


def mamba_inner(
    xz: Tensor,
    conv_weight: Tensor,
    conv_bias: Tensor | None,
    x_proj: Tensor,
    dt_proj: Tensor,
    dt_bias: Tensor,
    A: Tensor,
    D: Tensor,
    *,
    convolve: Convolve,
    scan: Scan,
) -> Tensor:
    """Gu & Dao 2023, section 3.4 and algorithm 2: x is convolved, projected to (dt, B, C), scanned, and gated by z."""
    rank, d_state = dt_proj.shape[1], A.shape[1]
    x, z = xz.chunk(2, dim=-1)
    x = convolve(x, conv_weight, conv_bias)
    low, B, C = torch.split(F.linear(x, x_proj.to(x.dtype)), [rank, d_state, d_state], dim=-1)
    dt = F.linear(low, dt_proj.to(x.dtype))
    return scan(x, dt, A, B, C, D=D, z=z, dt_bias=dt_bias)
