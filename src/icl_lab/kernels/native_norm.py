"""Native layer and RMS norms as PyTorch operators: forward, backward, shapes for tracing, and the link between them.

An offset makes it a layer norm; without one it is an RMS norm, which leaves the mean where it is.
"""

import torch
from torch import Tensor

from icl_lab.kernels import library
from icl_lab.kernels.layer_structures import Norm
from icl_lab.kernels.library import pointer


def _problem(x: Tensor, gain: Tensor, offset: Tensor | None, epsilon: float) -> Norm:
    """The inputs as C sees them: x contiguous, parameters float32."""
    norm = Norm(x.numel() // x.shape[-1] if x.shape[-1] else 0, x.shape[-1])
    norm.threads, norm.storage = torch.get_num_threads(), int(x.dtype == torch.bfloat16)
    norm.centred, norm.epsilon = int(offset is not None), epsilon
    norm.x, norm.gain, norm.offset = x.data_ptr(), pointer(gain), pointer(offset)
    return norm


@torch.library.custom_op("icl_lab::norm", mutates_args=())
def norm_forward(x: Tensor, gain: Tensor, offset: Tensor | None, epsilon: float) -> Tensor:
    """The normalised rows."""
    x, y = x.contiguous(), torch.empty(x.shape, dtype=x.dtype)
    norm = _problem(x, gain, offset, epsilon)
    norm.y = y.data_ptr()
    library.call("norm_forward", norm)
    return y


@norm_forward.register_fake
def _(x, gain, offset, epsilon):  # type: ignore[no-untyped-def]
    return x.new_empty(x.shape)


@torch.library.custom_op("icl_lab::norm_backward", mutates_args=())
def norm_backward(
    grad_y: Tensor, x: Tensor, gain: Tensor, offset: Tensor | None, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of x, gain and offset, the last one empty where there is none."""
    grad_y, x = grad_y.contiguous(), x.contiguous()
    grad_x, grad_gain = torch.empty_like(x), torch.empty_like(gain)
    grad_offset = None if offset is None else torch.empty_like(offset)
    norm = _problem(x, gain, offset, epsilon)
    norm.grad_y, norm.grad_x = grad_y.data_ptr(), grad_x.data_ptr()
    norm.grad_gain, norm.grad_offset = pointer(grad_gain), pointer(grad_offset)
    library.call("norm_backward", norm)
    return grad_x, grad_gain, gain.new_empty(0) if grad_offset is None else grad_offset


@norm_backward.register_fake
def _(grad_y, x, gain, offset, epsilon):  # type: ignore[no-untyped-def]
    return x.new_empty(x.shape), gain.new_empty(gain.shape), gain.new_empty(0 if offset is None else offset.shape)


def _save(ctx, inputs, output):  # type: ignore[no-untyped-def]
    *tensors, ctx.epsilon = inputs
    ctx.save_for_backward(*tensors)


def _backward(ctx, grad_y):  # type: ignore[no-untyped-def]
    grad_x, grad_gain, grad_offset = norm_backward(grad_y, *ctx.saved_tensors, ctx.epsilon)
    return grad_x, grad_gain, None if ctx.saved_tensors[2] is None else grad_offset, None


norm_forward.register_autograd(_backward, setup_context=_save)
