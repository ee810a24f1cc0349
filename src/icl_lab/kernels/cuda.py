"""The operations on a GPU through the packages of Mamba's authors, `mamba-ssm` and `causal-conv1d`.

They are channels-first and have neither an initial state of the scan nor filters wider than 4: those calls and the step
forms run in PyTorch.

b batch   t num_tokens   e channels   n d_state   k width of the filter   r rank of the step size
"""

from jaxtyping import Float
from torch import Tensor

from icl_lab.kernels import composition, vectorised
from icl_lab.kernels.reference import causal_conv1d_step, selective_scan_step

__all__ = ["causal_conv1d", "causal_conv1d_step", "mamba_inner", "selective_scan", "selective_scan_step"]

WIDTHS = (2, 3, 4)


def _float(parameter: Tensor | None) -> Tensor | None:
    return None if parameter is None else parameter.float()


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
    """`mamba_ssm`'s fused scan."""
    if initial_state is not None:
        return vectorised.selective_scan(
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
    from mamba_ssm.ops.selective_scan_interface import selective_scan_fn

    result = selective_scan_fn(
        u.mT,
        dt.mT,
        A.float(),
        B.mT,
        C.mT,
        D=_float(D),
        z=None if z is None else z.mT,
        delta_bias=_float(dt_bias),
        delta_softplus=softplus,
        return_last_state=return_state,
    )
    if return_state:
        y, state = result
        return y.mT, state
    return result.mT


def causal_conv1d(
    x: Float[Tensor, "b t e"],
    weight: Float[Tensor, "e k"],
    bias: Float[Tensor, " e"] | None = None,
    *,
    silu: bool = True,
    initial_state: Float[Tensor, "b past e"] | None = None,
    return_state: bool = False,
) -> Float[Tensor, "b t e"] | tuple[Float[Tensor, "b t e"], Float[Tensor, "b past e"]]:
    """`causal_conv1d`'s fused convolution, for sequences without a past."""
    if initial_state is not None or return_state or weight.shape[1] not in WIDTHS:
        return vectorised.causal_conv1d(
            x, weight, bias, silu=silu, initial_state=initial_state, return_state=return_state
        )
    from causal_conv1d import causal_conv1d_fn

    typed_bias = None if bias is None else bias.to(x.dtype)
    y: Tensor = causal_conv1d_fn(x.mT, weight.to(x.dtype), typed_bias, activation="silu" if silu else None)
    return y.mT


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
