"""What the recurrences refuse, told by the name of the argument."""

import torch
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.kernels.checks import check_like, check_rank

AXES = "batch num_heads num_tokens d_key"


def check_linear(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    log_decay: Tensor,
    bonus: Tensor | None,
    state: Tensor | None,
    *,
    state_name: str,
    axes: str = AXES,
) -> None:
    """Arguments of a linear recurrence (or, with three axes, of its step form)."""
    _check_sequences(q, k, v, state, state_name, axes)
    _check_decay(q, log_decay)
    if bonus is not None:
        check_like("bonus", bonus, (q.shape[1], q.shape[-1]), ("q", q), same_dtype=False)


def check_delta(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    rate: Tensor,
    log_decay: Tensor | None,
    state: Tensor | None,
    *,
    state_name: str,
    axes: str = AXES,
) -> None:
    """Arguments of the delta rule (or, with three axes, of its step form)."""
    _check_sequences(q, k, v, state, state_name, axes)
    check_like("rate", rate, tuple(q.shape[:-1]), ("q", q), same_dtype=False)
    if log_decay is not None:
        _check_decay(q, log_decay)


def check_rank_one(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    left: Tensor,
    right: Tensor,
    log_decay: Tensor,
    state: Tensor | None,
    *,
    state_name: str,
    axes: str = AXES,
) -> None:
    """Arguments of the recurrence with a rank-one transition (or, with three axes, of its step form)."""
    _check_sequences(q, k, v, state, state_name, axes)
    check_like("left", left, tuple(q.shape), ("q", q), same_dtype=False)
    check_like("right", right, tuple(q.shape), ("q", q), same_dtype=False)
    _check_decay(q, log_decay)


def check_elementwise(decay: Tensor, inputs: Tensor, state: Tensor | None) -> None:
    """Arguments of an elementwise recurrence."""
    for name, tensor in (("decay", decay), ("inputs", inputs)):
        if not isinstance(tensor, Tensor) or tensor.ndim < 2 or tensor.shape[1] == 0:
            shape = tuple(tensor.shape) if isinstance(tensor, Tensor) else type(tensor).__name__
            raise UserError(f"{name} must be a tensor with axes (batch num_tokens ...), not empty, got {shape}")
        if not (tensor.is_floating_point() or tensor.is_complex()):
            raise UserError(f"{name} must hold real or complex numbers, got {tensor.dtype}")
    _check_same("inputs", inputs, tuple(decay.shape), decay)
    if state is not None:
        _check_same("initial_state", state, (decay.shape[0], *decay.shape[2:]), decay)


def _check_same(name: str, tensor: Tensor, shape: tuple[int, ...], decay: Tensor) -> None:
    found = (tuple(tensor.shape), tensor.dtype, tensor.device)
    wanted = (shape, decay.dtype, decay.device)
    if found != wanted:
        raise UserError(
            f"{name} must have the shape, dtype and device {_told(wanted)} that decay asks for, got {_told(found)}"
        )


def _told(parts: tuple[tuple[int, ...], torch.dtype, torch.device]) -> str:
    return " ".join(str(part) for part in parts)


def _check_sequences(q: Tensor, k: Tensor, v: Tensor, state: Tensor | None, state_name: str, axes: str) -> None:
    check_rank("q", q, axes)
    check_rank("v", v, axes.replace("key", "value"))
    if 0 in q.shape or 0 in v.shape:
        raise UserError(f"q and v must not be empty, got shapes {tuple(q.shape)} and {tuple(v.shape)}")
    first = ("q", q)
    check_like("k", k, tuple(q.shape), first, same_dtype=False)
    check_like("v", v, (*q.shape[:-1], v.shape[-1]), first, same_dtype=False)
    if state is not None:
        check_like(state_name, state, (*q.shape[:2], q.shape[-1], v.shape[-1]), first, same_dtype=False)


def _check_decay(q: Tensor, log_decay: Tensor) -> None:
    if isinstance(log_decay, Tensor) and log_decay.ndim == q.ndim:
        check_like("log_decay", log_decay, tuple(q.shape), ("q", q), same_dtype=False)
    else:
        check_like("log_decay", log_decay, tuple(q.shape[:-1]), ("q", q), same_dtype=False)
