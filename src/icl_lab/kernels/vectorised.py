"""The operations in well-written PyTorch: any device, any precision, and what runs where no native library does.

The time loop takes its tokens from `unbind`, whose backward writes each gradient once. Indexing (`x[:, t]`) would fill
a (batch, num_tokens, channels) tensor of zeros for every token in the backward pass, which is quadratic in length.

b batch   t num_tokens   e channels   n d_state   k width of the convolution   r rank of the step size
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from icl_lab.kernels import composition
from icl_lab.kernels.reference import causal_conv1d_step, selective_scan_step

__all__ = ["causal_conv1d", "causal_conv1d_step", "mamba_inner", "selective_scan", "selective_scan_step"]


# From dt, dt u, A, B, C and the first state to what is read after every token and the last state.
Loop = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


def token_by_token(
    dt: Float[Tensor, "b t e"],
    driven: Float[Tensor, "b t e"],
    A: Float[Tensor, "e n"],
    B: Float[Tensor, "b t n"],
    C: Float[Tensor, "b t n"],
    state: Float[Tensor, "b e n"],
) -> tuple[Float[Tensor, "b t e"], Float[Tensor, "b e n"]]:
    """The loop of a scan."""
    ys = []
    for dt_t, driven_t, B_t, C_t in zip(dt.unbind(1), driven.unbind(1), B.unbind(1), C.unbind(1), strict=True):
        decay = torch.exp(dt_t[:, :, None] * A)
        state = torch.addcmul(decay * state, driven_t[:, :, None], B_t[:, None, :])
        ys.append((state @ C_t[:, :, None])[:, :, 0])
    return torch.stack(ys, dim=1), state


def selective_scan(
    u: Float[Tensor, "b t e"],
    dt: Float[Tensor, "b t e"],
    A: Float[Tensor, "e n"],
    B: Float[Tensor, "b t n"],
    C: Float[Tensor, "b t n"],
    *,
    D: Float[Tensor, " e"] | None = None,
    z: Float[Tensor, "b t e"] | None = None,
    dt_bias: Float[Tensor, " e"] | None = None,
    softplus: bool = True,
    initial_state: Float[Tensor, "b e n"] | None = None,
    return_state: bool = False,
    loop: Loop = token_by_token,
) -> Float[Tensor, "b t e"] | tuple[Float[Tensor, "b t e"], Float[Tensor, "b e n"]]:
    """What needs no state is done for all tokens at once; the loop holds the decay, the update and the read-out."""
    wide = torch.promote_types(u.dtype, torch.float32)
    inputs, A, B, C = u.to(wide), A.to(wide), B.to(wide), C.to(wide)
    dt = dt.to(wide) if dt_bias is None else dt.to(wide) + dt_bias.to(wide)
    if softplus:
        dt = F.softplus(dt)
    state = (
        u.new_zeros(u.shape[0], u.shape[2], A.shape[1], dtype=wide) if initial_state is None else initial_state.to(wide)
    )
    y, state = loop(dt, dt * inputs, A, B, C, state)
    if D is not None:
        y = torch.addcmul(y, inputs, D.to(wide))
    if z is not None:
        y = y * F.silu(z.to(wide))
    return (y.to(u.dtype), state) if return_state else y.to(u.dtype)


def causal_conv1d(
    x: Float[Tensor, "b t e"],
    weight: Float[Tensor, "e k"],
    bias: Float[Tensor, " e"] | None = None,
    *,
    silu: bool = True,
    initial_state: Float[Tensor, "b past e"] | None = None,
    return_state: bool = False,
) -> Float[Tensor, "b t e"] | tuple[Float[Tensor, "b t e"], Float[Tensor, "b past e"]]:
    """A sum of k shifted copies, channels-last throughout."""
    num_tokens, width = x.shape[1], weight.shape[1]
    wide = torch.promote_types(x.dtype, torch.float32)
    if initial_state is None:
        padded = F.pad(x, (0, 0, width - 1, 0))
    else:
        padded = torch.cat([initial_state.to(x.dtype), x], dim=1)
    taps = weight.to(wide).unbind(1)
    y = padded.narrow(1, 0, num_tokens).to(wide) * taps[0]
    for shift in range(1, width):
        y = torch.addcmul(y, padded.narrow(1, shift, num_tokens).to(wide), taps[shift])
    if bias is not None:
        y = y + bias.to(wide)
    y = (F.silu(y) if silu else y).to(x.dtype)
    return (y, padded[:, num_tokens:]) if return_state else y


def mamba_inner(
    xz: Float[Tensor, "b t two_e"],
    conv_weight: Float[Tensor, "e k"],
    conv_bias: Float[Tensor, " e"] | None,
    x_proj: Float[Tensor, "r_plus_two_n e"],
    dt_proj: Float[Tensor, "e r"],
    dt_bias: Float[Tensor, " e"],
    A: Float[Tensor, "e n"],
    D: Float[Tensor, " e"],
) -> Float[Tensor, "b t e"]:
    """Convolution, projections, scan and gate of a Mamba block, one operation after the other."""
    return composition.mamba_inner(
        xz, conv_weight, conv_bias, x_proj, dt_proj, dt_bias, A, D, convolve=causal_conv1d, scan=selective_scan
    )
