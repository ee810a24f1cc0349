"""Every wrong shape, dtype or device is told by the name of the argument, before any kernel sees a pointer.

The public operations carry plain `Tensor` annotations because these checks hold in ordinary use too, not in tests only.
"""

import torch
from torch import Tensor

from icl_lab.core.errors import UserError

FLOATS = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
MAX_WIDTH = 8


def check_rank(name: str, tensor: Tensor, axes: str) -> None:
    """The first argument of an operation: its axes name the sizes that the others must have."""
    wanted = len(axes.split())
    if not isinstance(tensor, Tensor):
        raise UserError(f"{name} must be a tensor with axes ({axes}), got {type(tensor).__name__}")
    if tensor.ndim != wanted:
        raise UserError(f"{name} must have axes ({axes}), got shape {tuple(tensor.shape)}")
    if tensor.dtype not in FLOATS:
        raise UserError(f"{name} must hold floating point numbers, got {tensor.dtype}")


def check_like(
    name: str, tensor: Tensor, shape: tuple[int, ...], first: tuple[str, Tensor], *, same_dtype: bool
) -> None:
    """An argument with a known shape, on the device of the first one, and in its precision where that matters.

    Raises:
        UserError: Naming the argument, what was expected and what came.
    """
    if not isinstance(tensor, Tensor):
        raise UserError(f"{name} must be a tensor of shape {shape}, got {type(tensor).__name__}")
    if tuple(tensor.shape) != shape:
        raise UserError(f"{name} must have shape {shape}, got {tuple(tensor.shape)}")
    if tensor.dtype not in FLOATS:
        raise UserError(f"{name} must hold floating point numbers, got {tensor.dtype}")
    if same_dtype and tensor.dtype != first[1].dtype:
        raise UserError(f"{name} must have the dtype of {first[0]}, {first[1].dtype}, got {tensor.dtype}")
    if tensor.device != first[1].device:
        raise UserError(f"{name} must be on the device of {first[0]}, {first[1].device}, got {tensor.device}")


def check_scan(
    u: Tensor,
    dt: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None,
    z: Tensor | None,
    dt_bias: Tensor | None,
    state: Tensor | None,
    *,
    state_name: str,
    axes: str = "batch num_tokens channels",
) -> None:
    """Arguments of the selective scan (or, with two axes, of its step form)."""
    check_rank("u", u, axes)
    check_rank("A", A, "channels d_state")
    rows, channels, d_state = tuple(u.shape[:-1]), u.shape[-1], A.shape[1]
    if 0 in u.shape or d_state == 0:
        raise UserError(f"u and A must not be empty, got shapes {tuple(u.shape)} and {tuple(A.shape)}")
    first = ("u", u)
    check_like("dt", dt, (*rows, channels), first, same_dtype=True)
    check_like("A", A, (channels, d_state), first, same_dtype=False)
    check_like("B", B, (*rows, d_state), first, same_dtype=True)
    check_like("C", C, (*rows, d_state), first, same_dtype=True)
    if D is not None:
        check_like("D", D, (channels,), first, same_dtype=False)
    if z is not None:
        check_like("z", z, (*rows, channels), first, same_dtype=True)
    if dt_bias is not None:
        check_like("dt_bias", dt_bias, (channels,), first, same_dtype=False)
    if state is not None:
        check_like(state_name, state, (u.shape[0], channels, d_state), first, same_dtype=False)


def check_convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    state: Tensor | None,
    *,
    state_name: str,
    axes: str = "batch num_tokens channels",
) -> None:
    """Arguments of the causal convolution (or, with two axes, of its step form)."""
    check_rank("x", x, axes)
    check_rank("weight", weight, "channels width")
    channels, width = x.shape[-1], weight.shape[1]
    if 0 in x.shape:
        raise UserError(f"x must not be empty, got shape {tuple(x.shape)}")
    if not 1 <= width <= MAX_WIDTH:
        raise UserError(f"weight must be 1 to {MAX_WIDTH} wide, got shape {tuple(weight.shape)}")
    first = ("x", x)
    check_like("weight", weight, (channels, width), first, same_dtype=False)
    if bias is not None:
        check_like("bias", bias, (channels,), first, same_dtype=False)
    if state is not None:
        check_like(state_name, state, (x.shape[0], width - 1, channels), first, same_dtype=False)


def check_inner(
    xz: Tensor,
    conv_weight: Tensor,
    conv_bias: Tensor | None,
    x_proj: Tensor,
    dt_proj: Tensor,
    dt_bias: Tensor,
    A: Tensor,
    D: Tensor,
) -> None:
    """Arguments of the middle of a Mamba block."""
    check_rank("xz", xz, "batch num_tokens twice_channels")
    check_rank("A", A, "channels d_state")
    check_rank("dt_proj", dt_proj, "channels rank")
    check_rank("conv_weight", conv_weight, "channels width")
    (channels, d_state), rank, width = A.shape, dt_proj.shape[1], conv_weight.shape[1]
    first = ("xz", xz)
    if 0 in xz.shape or 0 in A.shape or rank == 0:
        raise UserError(
            f"xz, A and dt_proj must not be empty, got {tuple(xz.shape)}, {tuple(A.shape)}, {tuple(dt_proj.shape)}"
        )
    check_like("xz", xz, (*xz.shape[:2], 2 * channels), first, same_dtype=True)
    if not 1 <= width <= MAX_WIDTH:
        raise UserError(f"conv_weight must be 1 to {MAX_WIDTH} wide, got shape {tuple(conv_weight.shape)}")
    check_like("conv_weight", conv_weight, (channels, width), first, same_dtype=False)
    if conv_bias is not None:
        check_like("conv_bias", conv_bias, (channels,), first, same_dtype=False)
    check_like("x_proj", x_proj, (rank + 2 * d_state, channels), first, same_dtype=False)
    check_like("dt_proj", dt_proj, (channels, rank), first, same_dtype=False)
    check_like("dt_bias", dt_bias, (channels,), first, same_dtype=False)
    check_like("A", A, (channels, d_state), first, same_dtype=False)
    check_like("D", D, (channels,), first, same_dtype=False)
