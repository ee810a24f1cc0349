"""The C structures of the layers' kernels: attention, activations, norms and matrix-valued recurrences.

They mirror `native/interface.h`.
"""

import ctypes
from ctypes import Structure, c_float, c_int32, c_int64, c_void_p

from torch import Tensor


class Heads(Structure):
    """A (batch, num_tokens, num_heads, d_head) tensor; strides in elements, that of d_head is 1."""

    _fields_ = (("data", c_void_p), *((name, c_int64) for name in ("batch_stride", "token_stride", "head_stride")))


class Attention(Structure):
    """Both passes of causal attention."""

    _fields_ = (
        *((name, c_int64) for name in ("batch", "num_tokens", "num_heads", "d_head", "window")),
        *((name, c_int32) for name in ("threads", "storage")),
        ("scale", c_float),
        ("reserved", c_int32),
        *((name, Heads) for name in ("q", "k", "v", "y")),
        ("statistics", c_void_p),
        *((name, Heads) for name in ("grad_y", "grad_q", "grad_k", "grad_v")),
    )


class Activation(Structure):
    """Both passes of an activation with the bias before it, on contiguous (rows, channels) tensors."""

    _fields_ = (
        *((name, c_int64) for name in ("rows", "channels")),
        *((name, c_int32) for name in ("threads", "storage")),
        *((name, c_void_p) for name in ("x", "bias", "y", "grad_y", "grad_x", "grad_bias")),
    )


class Norm(Structure):
    """Both passes of an RMS norm of contiguous rows."""

    _fields_ = (
        *((name, c_int64) for name in ("rows", "channels")),
        *((name, c_int32) for name in ("threads", "storage")),
        ("epsilon", c_float),
        ("reserved", c_int32),
        *((name, c_void_p) for name in ("x", "gain", "y", "grad_y", "grad_x", "grad_gain")),
    )


class Recurrence(Structure):
    """Both passes of a matrix-valued recurrence; states are contiguous (batch, num_heads, d_key, d_value) tensors."""

    _fields_ = (
        *((name, c_int64) for name in ("batch", "num_heads", "num_tokens", "d_key", "d_value", "interval")),
        *((name, c_int32) for name in ("threads", "decay_channels")),
        *((name, Heads) for name in ("q", "k", "v", "log_decay", "left", "right")),
        ("initial_state", c_void_p),
        ("y", Heads),
        *((name, c_void_p) for name in ("final_state", "checkpoints", "read")),
        ("grad_y", Heads),
        ("grad_final_state", c_void_p),
        *((f"grad_{name}", Heads) for name in ("q", "k", "v", "log_decay", "left", "right")),
        ("grad_initial_state", c_void_p),
    )


ENTRIES: dict[str, type[Structure]] = {
    f"{name}_{direction}": structure
    for name, structure in (
        ("attention", Attention),
        ("gelu", Activation),
        ("rms_norm", Norm),
        ("recurrence", Recurrence),
    )
    for direction in ("forward", "backward")
}
TOTAL_SIZE = sum(ctypes.sizeof(structure) for structure in (Attention, Activation, Norm, Recurrence))


def heads(tensor: Tensor) -> Heads:
    """The C view of a (batch, num_tokens, num_heads, d_head) tensor."""
    assert tensor.stride(-1) == 1 or tensor.shape[-1] == 1
    return Heads(tensor.data_ptr(), *tensor.stride()[:3])
