"""The operations written as their definitions, one token after the other: the ground truth of every faster form.

Nothing here is fast and nothing is clever. Arithmetic is float32 or better: float64 inputs give float64 results.

b batch   t num_tokens   e channels   n d_state (N in Gu & Dao 2023)   k width of the filter   r rank of the step size
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from icl_lab.kernels import composition


def selective_scan_step(
    state: Float[Tensor, "b e n"],
    u: Float[Tensor, "b e"],
    dt: Float[Tensor, "b e"],
    A: Float[Tensor, "e n"],
    B: Float[Tensor, "b n"],
    C: Float[Tensor, "b n"],
    *,
    D: Float[Tensor, " e"] | None = None,
    z: Float[Tensor, "b e"] | None = None,
    dt_bias: Float[Tensor, " e"] | None = None,
    softplus: bool = True,
) -> tuple[Float[Tensor, "b e"], Float[Tensor, "b e n"]]:
    """One token of the selective state space (Gu & Dao 2023, equations 2a and 2b, with a simplified B)."""
    wide = torch.promote_types(u.dtype, torch.float32)
    dt = dt.to(wide) if dt_bias is None else dt.to(wide) + dt_bias.to(wide)
    if softplus:
        dt = F.softplus(dt)
    decay = torch.exp(dt[:, :, None] * A.to(wide))
    new_state = decay * state.to(wide) + (dt * u.to(wide))[:, :, None] * B.to(wide)[:, None, :]
    y = (new_state * C.to(wide)[:, None, :]).sum(-1)
    if D is not None:
        y = y + D.to(wide) * u.to(wide)
    if z is not None:
        y = y * F.silu(z.to(wide))
    return y.to(u.dtype), new_state


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
) -> Float[Tensor, "b t e"] | tuple[Float[Tensor, "b t e"], Float[Tensor, "b e n"]]:
    """The step form, token after token."""
    batch, num_tokens, channels = u.shape
    wide = torch.promote_types(u.dtype, torch.float32)
    state = u.new_zeros(batch, channels, A.shape[1], dtype=wide) if initial_state is None else initial_state.to(wide)
    ys = []
    for t in range(num_tokens):
        gate = None if z is None else z[:, t]
        y, state = selective_scan_step(
            state, u[:, t], dt[:, t], A, B[:, t], C[:, t], D=D, z=gate, dt_bias=dt_bias, softplus=softplus
        )
        ys.append(y)
    y = torch.stack(ys, dim=1)
    return (y, state) if return_state else y


def causal_conv1d_step(
    state: Float[Tensor, "b past e"],
    x: Float[Tensor, "b e"],
    weight: Float[Tensor, "e k"],
    bias: Float[Tensor, " e"] | None = None,
    *,
    silu: bool = True,
) -> tuple[Float[Tensor, "b e"], Float[Tensor, "b past e"]]:
    """One token of the depthwise causal convolution; the state holds the last k - 1 inputs, the oldest first."""
    wide = torch.promote_types(x.dtype, torch.float32)
    window = torch.cat([state.to(x.dtype), x[:, None]], dim=1)
    y = (window.to(wide) * weight.to(wide).T).sum(1)
    if bias is not None:
        y = y + bias.to(wide)
    return (F.silu(y) if silu else y).to(x.dtype), window[:, 1:]


def causal_conv1d(
    x: Float[Tensor, "b t e"],
    weight: Float[Tensor, "e k"],
    bias: Float[Tensor, " e"] | None = None,
    *,
    silu: bool = True,
    initial_state: Float[Tensor, "b past e"] | None = None,
    return_state: bool = False,
) -> Float[Tensor, "b t e"] | tuple[Float[Tensor, "b t e"], Float[Tensor, "b past e"]]:
    """The step form, token after token."""
    batch, num_tokens, channels = x.shape
    state = x.new_zeros(batch, weight.shape[1] - 1, channels) if initial_state is None else initial_state
    ys = []
    for t in range(num_tokens):
        y, state = causal_conv1d_step(state, x[:, t], weight, bias, silu=silu)
        ys.append(y)
    y = torch.stack(ys, dim=1)
    return (y, state) if return_state else y


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
