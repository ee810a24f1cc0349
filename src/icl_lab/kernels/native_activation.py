"""The native GELU as PyTorch operators: forward, backward, shapes for tracing, and the link between them."""

import torch
from torch import Tensor

from icl_lab.kernels import library
from icl_lab.kernels.layer_structures import Activation
from icl_lab.kernels.library import pointer


def _problem(x: Tensor, bias: Tensor) -> Activation:
    """The inputs as C sees them: x contiguous, the bias float32."""
    activation = Activation(x.numel() // x.shape[-1] if x.shape[-1] else 0, x.shape[-1])
    activation.threads, activation.storage = torch.get_num_threads(), int(x.dtype == torch.bfloat16)
    activation.x, activation.bias = x.data_ptr(), pointer(bias)
    return activation


@torch.library.custom_op("icl_lab::gelu", mutates_args=())
def gelu_forward(x: Tensor, bias: Tensor) -> Tensor:
    """GELU (tanh form) of x + bias."""
    x, y = x.contiguous(), torch.empty(x.shape, dtype=x.dtype)
    activation = _problem(x, bias)
    activation.y = y.data_ptr()
    library.call("gelu_forward", activation)
    return y


@gelu_forward.register_fake
def _(x, bias):  # type: ignore[no-untyped-def]
    return x.new_empty(x.shape)


@torch.library.custom_op("icl_lab::gelu_backward", mutates_args=())
def gelu_backward(grad_y: Tensor, x: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of x and of the bias."""
    grad_y, x = grad_y.contiguous(), x.contiguous()
    grad_x, grad_bias = torch.empty_like(x), torch.empty_like(bias)
    activation = _problem(x, bias)
    activation.grad_y, activation.grad_x = grad_y.data_ptr(), grad_x.data_ptr()
    activation.grad_bias = pointer(grad_bias)
    library.call("gelu_backward", activation)
    return grad_x, grad_bias


@gelu_backward.register_fake
def _(grad_y, x, bias):  # type: ignore[no-untyped-def]
    return x.new_empty(x.shape), bias.new_empty(bias.shape)


def _save(ctx, inputs, output):  # type: ignore[no-untyped-def]
    ctx.save_for_backward(*inputs)


def _backward(ctx, grad_y):  # type: ignore[no-untyped-def]
    return gelu_backward(grad_y, *ctx.saved_tensors)


gelu_forward.register_autograd(_backward, setup_context=_save)
