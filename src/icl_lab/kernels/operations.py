"""The public operations: check the arguments, then hand them to the backend for their device and precision.

Tensors are channels-last. Outputs have the dtype of the first argument; scan states are float32 (float64 for float64).

b batch   t num_tokens   e channels   n d_state (N in Gu & Dao 2023)   k width of the filter   r rank of the step size
"""

from typing import Literal, overload

from torch import Tensor

from icl_lab.kernels.backend import implementation
from icl_lab.kernels.checks import check_convolution, check_inner, check_scan


@overload
def selective_scan(
    u: Tensor,
    dt: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    *,
    D: Tensor | None = None,
    z: Tensor | None = None,
    dt_bias: Tensor | None = None,
    softplus: bool = True,
    initial_state: Tensor | None = None,
    return_state: Literal[False] = False,
) -> Tensor: ...


@overload
def selective_scan(
    u: Tensor,
    dt: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    *,
    D: Tensor | None = None,
    z: Tensor | None = None,
    dt_bias: Tensor | None = None,
    softplus: bool = True,
    initial_state: Tensor | None = None,
    return_state: Literal[True],
) -> tuple[Tensor, Tensor]: ...


def selective_scan(
    u: Tensor,
    dt: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    *,
    D: Tensor | None = None,
    z: Tensor | None = None,
    dt_bias: Tensor | None = None,
    softplus: bool = True,
    initial_state: Tensor | None = None,
    return_state: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Run a selective state space over a sequence (Gu & Dao 2023, section 3.2, algorithm 2).

    For every channel, h_t = exp(dt_t A) h_{t-1} + dt_t B_t u_t and y_t = C_t h_t + D u_t, gated by silu(z_t).

    Args:
        u: Inputs, (b, t, e).
        dt: Step sizes before bias and softplus, (b, t, e), in the dtype of u, as are B, C and z.
        A: Decay rates, (e, n), usually negative.
        B: Input weights, (b, t, n).
        C: Output weights, (b, t, n).
        D: Skip weights, (e,).
        z: Gate, (b, t, e): the output is multiplied by silu(z).
        dt_bias: Added to dt before the softplus, (e,).
        softplus: Whether step sizes pass through a softplus.
        initial_state: The state before the first token, (b, e, n); zeros when not given.
        return_state: Whether the state after the last token is returned too.

    Returns:
        y (b, t, e), or (y, final state (b, e, n)).

    Raises:
        UserError: A wrong shape, dtype or device, naming the argument.
    """
    check_scan(u, dt, A, B, C, D, z, dt_bias, initial_state, state_name="initial_state")
    result: Tensor | tuple[Tensor, Tensor] = implementation(u).selective_scan(
        u,
        dt,
        A,
        B,
        C,
        D=D,
        z=z,
        dt_bias=dt_bias,
        softplus=softplus,
        initial_state=initial_state,
        return_state=return_state,
    )
    return result


@overload
def causal_conv1d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    silu: bool = True,
    initial_state: Tensor | None = None,
    return_state: Literal[False] = False,
) -> Tensor: ...


@overload
def causal_conv1d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    silu: bool = True,
    initial_state: Tensor | None = None,
    return_state: Literal[True],
) -> tuple[Tensor, Tensor]: ...


def causal_conv1d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    silu: bool = True,
    initial_state: Tensor | None = None,
    return_state: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Convolve every channel with its own short causal filter: y_t = silu(sum_j weight_j x_{t-k+1+j} + bias).

    Args:
        x: Inputs, (b, t, e).
        weight: Filters, (e, k), the newest input last; k is 1 to 8.
        bias: (e,).
        silu: Whether the output passes through x sigmoid(x).
        initial_state: The k - 1 inputs before the first token, (b, k - 1, e), the oldest first; zeros when not given.
        return_state: Whether the last k - 1 inputs are returned too.

    Returns:
        y (b, t, e), or (y, final state (b, k - 1, e)).

    Raises:
        UserError: A wrong shape, dtype or device, naming the argument.
    """
    check_convolution(x, weight, bias, initial_state, state_name="initial_state")
    result: Tensor | tuple[Tensor, Tensor] = implementation(x).causal_conv1d(
        x, weight, bias, silu=silu, initial_state=initial_state, return_state=return_state
    )
    return result


def mamba_inner(
    xz: Tensor,
    conv_weight: Tensor,
    conv_bias: Tensor | None,
    x_proj: Tensor,
    dt_proj: Tensor,
    dt_bias: Tensor,
    A: Tensor,
    D: Tensor,
) -> Tensor:
    """Everything between the input and the output projection of a Mamba block, as one node of the autograd graph.

    Args:
        xz: Output of the input projection, (b, t, 2e): what is convolved and scanned, then the gate.
        conv_weight: (e, k).
        conv_bias: (e,), or None.
        x_proj: (r + 2n, e), gives (dt of low rank, B, C).
        dt_proj: (e, r).
        dt_bias: (e,).
        A: (e, n).
        D: (e,).

    Returns:
        (b, t, e), what the output projection reads. Matrix products run in the dtype of xz.

    Raises:
        UserError: A wrong shape, dtype or device, naming the argument.
    """
    check_inner(xz, conv_weight, conv_bias, x_proj, dt_proj, dt_bias, A, D)
    result: Tensor = implementation(xz).mamba_inner(xz, conv_weight, conv_bias, x_proj, dt_proj, dt_bias, A, D)
    return result


def selective_scan_step(
    state: Tensor,
    u: Tensor,
    dt: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    *,
    D: Tensor | None = None,
    z: Tensor | None = None,
    dt_bias: Tensor | None = None,
    softplus: bool = True,
) -> tuple[Tensor, Tensor]:
    """One token of `selective_scan`: state (b, e, n), u, dt and z (b, e), B and C (b, n).

    Returns:
        y (b, e) and the new state (b, e, n); the given state is left as it was.

    Raises:
        UserError: A wrong shape, dtype or device, naming the argument.
    """
    check_scan(u, dt, A, B, C, D, z, dt_bias, state, state_name="state", axes="batch channels")
    result: tuple[Tensor, Tensor] = implementation(u).selective_scan_step(
        state, u, dt, A, B, C, D=D, z=z, dt_bias=dt_bias, softplus=softplus
    )
    return result


def causal_conv1d_step(
    state: Tensor, x: Tensor, weight: Tensor, bias: Tensor | None = None, *, silu: bool = True
) -> tuple[Tensor, Tensor]:
    """One token of `causal_conv1d`: state (b, k - 1, e), x (b, e).

    Returns:
        y (b, e) and the new state (b, k - 1, e); the given state is left as it was.

    Raises:
        UserError: A wrong shape, dtype or device, naming the argument.
    """
    check_convolution(x, weight, bias, state, state_name="state", axes="batch channels")
    result: tuple[Tensor, Tensor] = implementation(x).causal_conv1d_step(state, x, weight, bias, silu=silu)
    return result
