"""The operations on a CPU through the native library: parameters to float32, then one operator each.

b batch   t num_tokens   e channels   n d_state   k width of the convolution   r rank of the step size
"""

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.kernels import flops, native_convolution, native_inner, native_scan
from icl_lab.kernels.reference import causal_conv1d_step

__all__ = ["causal_conv1d", "causal_conv1d_step", "mamba_inner", "selective_scan", "selective_scan_step"]

flops.register()


def _single(parameter: Tensor | None) -> Tensor | None:
    return None if parameter is None else parameter.to(torch.float32).contiguous()


def _will_differentiate(*tensors: Tensor | None) -> bool:
    return torch.is_grad_enabled() and any(x is not None and x.requires_grad for x in tensors)


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
    """One operator; the backward pass recomputes states from checkpoints every 16 tokens."""
    inputs = (u, dt, _single(A), B, C, _single(D), z, _single(dt_bias), _single(initial_state))
    keep = _will_differentiate(*inputs)
    y, state, _ = native_scan.scan_forward(*inputs, softplus, return_state, keep)
    return (y, state) if return_state else y


def causal_conv1d(
    x: Float[Tensor, "b t e"],
    weight: Float[Tensor, "e k"],
    bias: Float[Tensor, " e"] | None = None,
    *,
    silu: bool = True,
    initial_state: Float[Tensor, "b past e"] | None = None,
    return_state: bool = False,
) -> Float[Tensor, "b t e"] | tuple[Float[Tensor, "b t e"], Float[Tensor, "b past e"]]:
    """One operator; earlier inputs are put in front of the sequence and their outputs dropped."""
    past = weight.shape[1] - 1
    padded = x if initial_state is None else torch.cat([initial_state.to(x.dtype), x], dim=1)
    y = native_convolution.convolution_forward(padded, _single(weight), _single(bias), silu)
    if initial_state is not None:
        y = y[:, past:]
    if not return_state:
        return y
    if initial_state is None:
        padded = torch.nn.functional.pad(x, (0, 0, past, 0))
    return y, padded[:, padded.shape[1] - past :]


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
    """One operator; the product with x_proj runs in the dtype of xz, that with dt_proj in float32 inside the scan."""
    parameters = map(_single, (dt_proj, dt_bias, A, D))
    inputs = (xz, _single(conv_weight), _single(conv_bias), x_proj.to(xz.dtype), *parameters)
    y: Tensor = native_inner.inner_forward(*inputs, _will_differentiate(*inputs))[0]
    return y


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
    """A sequence of one token."""
    y, new_state = selective_scan(
        u[:, None],
        dt[:, None],
        A,
        B[:, None],
        C[:, None],
        D=D,
        z=None if z is None else z[:, None],
        dt_bias=dt_bias,
        softplus=softplus,
        initial_state=state,
        return_state=True,
    )
    return y[:, 0], new_state
