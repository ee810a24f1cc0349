"""The native RMS norm as PyTorch operators: forward, backward, shapes for tracing, and the link between them."""

import torch
from torch import Tensor

from icl_lab.kernels import library
from icl_lab.kernels.layer_structures import Norm
from icl_lab.kernels.library import pointer


def _problem(x: Tensor, gain: Tensor, epsilon: float) -> Norm:
    """The inputs as C sees them: x contiguous, the gain float32."""
    norm = Norm(x.numel() // x.shape[-1] if x.shape[-1] else 0, x.shape[-1])
    norm.threads, norm.storage, norm.epsilon = torch.get_num_threads(), int(x.dtype == torch.bfloat16), epsilon
    norm.x, norm.gain = x.data_ptr(), pointer(gain)
    return norm


@torch.library.custom_op("icl_lab::rms_norm", mutates_args=())
def norm_forward(x: Tensor, gain: Tensor, epsilon: float) -> Tensor:
    """The normalised rows."""
    x, y = x.contiguous(), torch.empty(x.shape, dtype=x.dtype)
    norm = _problem(x, gain, epsilon)
    norm.y = y.data_ptr()
    library.call("rms_norm_forward", norm)
    return y


@norm_forward.register_fake
def _(x, gain, epsilon):  # type: ignore[no-untyped-def]
    return x.new_empty(x.shape)


@torch.library.custom_op("icl_lab::rms_norm_backward", mutates_args=())
def norm_backward(grad_y: Tensor, x: Tensor, gain: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """Gradients of x and gain."""
    grad_y, x = grad_y.contiguous(), x.contiguous()
    grad_x, grad_gain = torch.empty_like(x), torch.empty_like(gain)
    norm = _problem(x, gain, epsilon)
    norm.grad_y, norm.grad_x, norm.grad_gain = grad_y.data_ptr(), grad_x.data_ptr(), pointer(grad_gain)
    library.call("rms_norm_backward", norm)
    return grad_x, grad_gain


@norm_backward.register_fake
def _(grad_y, x, gain, epsilon):  # type: ignore[no-untyped-def]
    return x.new_empty(x.shape), gain.new_empty(gain.shape)


def _save(ctx, inputs, output):  # type: ignore[no-untyped-def]
    *tensors, ctx.epsilon = inputs
    ctx.save_for_backward(*tensors)


def _backward(ctx, grad_y):  # type: ignore[no-untyped-def]
    return *norm_backward(grad_y, *ctx.saved_tensors, ctx.epsilon), None


norm_forward.register_autograd(_backward, setup_context=_save)
