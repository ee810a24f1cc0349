"""What lies between the input and the output projection of a Mamba block, composed of a convolution and a scan.

b batch   t num_tokens   e channels   n d_state   k width of the convolution   r rank of the step size
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

Operation = Callable[..., Tensor | tuple[Tensor, Tensor]]


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
    convolve: Operation,
    scan: Operation,
) -> Tensor:
    """Gu & Dao 2023, section 3.4 and algorithm 2: x is convolved to u, projected to (dt, B, C), scanned, gated by z.

    Args are those of `kernels.mamba_inner`, then the convolution and the scan, called as those of `kernels` are.
    """
    rank, d_state = dt_proj.shape[1], A.shape[1]
    x, z = xz.chunk(2, dim=-1)
    u = convolve(x, conv_weight, conv_bias)
    assert isinstance(u, Tensor)
    low, B, C = torch.split(F.linear(u, x_proj.to(u.dtype)), [rank, d_state, d_state], dim=-1)
    dt = F.linear(low, dt_proj.to(u.dtype))
    y = scan(u, dt, A, B, C, D=D, z=z, dt_bias=dt_bias)
    assert isinstance(y, Tensor)
    return y
