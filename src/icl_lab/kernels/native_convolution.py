"""The native causal convolution as PyTorch operators: forward, backward, shapes for tracing, and the link between them.

b batch   t num_tokens   e channels   k width
"""

import torch
from torch import Tensor

from icl_lab.kernels import library, memory
from icl_lab.kernels.library import Convolution, pointer, rows, sequence


def problem(x: Tensor, weight: Tensor, bias: Tensor | None, silu: bool) -> Convolution:
    """The inputs as C sees them. x must be `rows`; the rest float32 and contiguous."""
    batch, num_tokens, channels = x.shape
    storage = int(x.dtype == torch.bfloat16)
    convolution = Convolution(batch, num_tokens, channels, weight.shape[1])
    convolution.threads, convolution.silu, convolution.storage = torch.get_num_threads(), int(silu), storage
    convolution.x, convolution.weight, convolution.bias = sequence(x), pointer(weight), pointer(bias)
    return convolution


def call_forward(x: Tensor, weight: Tensor, bias: Tensor | None, silu: bool) -> Tensor:
    """The convolved sequence, newly made."""
    y = memory.empty(x.shape, x.dtype)
    convolution = problem(x, weight, bias, silu)
    convolution.y = sequence(y)
    library.call("convolution_forward", convolution)
    return y


def call_backward(
    grad_y: Tensor,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    silu: bool,
    grad_x: Tensor,
) -> tuple[Tensor, Tensor | None]:
    """Fill grad_x, which may be part of a larger tensor; returns the gradients of weight and bias."""
    grad_weight = torch.empty_like(weight)
    grad_bias = None if bias is None else torch.empty_like(bias)
    convolution = problem(x, weight, bias, silu)
    convolution.grad_y, convolution.grad_x = sequence(grad_y), sequence(grad_x)
    convolution.grad_weight, convolution.grad_bias = pointer(grad_weight), pointer(grad_bias)
    library.call("convolution_backward", convolution)
    return grad_weight, grad_bias


@torch.library.custom_op("icl_lab::causal_conv1d", mutates_args=())
def convolution_forward(x: Tensor, weight: Tensor, bias: Tensor | None, silu: bool) -> Tensor:
    """The convolved sequence."""
    return call_forward(rows(x), weight, bias, silu)


@convolution_forward.register_fake
def _(x, weight, bias, silu):  # type: ignore[no-untyped-def]
    return torch.empty_like(x, memory_format=torch.contiguous_format)


@torch.library.custom_op("icl_lab::causal_conv1d_backward", mutates_args=())
def convolution_backward(
    grad_y: Tensor, x: Tensor, weight: Tensor, bias: Tensor | None, silu: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of x, weight and bias, the last one empty where there is no bias."""
    grad_x = memory.empty(x.shape, x.dtype)
    grad_weight, grad_bias = call_backward(rows(grad_y), rows(x), weight, bias, silu, grad_x)
    return grad_x, grad_weight, weight.new_empty(0) if grad_bias is None else grad_bias


@convolution_backward.register_fake
def _(grad_y, x, weight, bias, silu):  # type: ignore[no-untyped-def]
    return x.new_empty(x.shape), weight.new_empty(weight.shape), weight.new_empty(0 if bias is None else bias.shape)


def _save(ctx, inputs, output):  # type: ignore[no-untyped-def]
    x, weight, bias, ctx.silu = inputs
    ctx.save_for_backward(x, weight, bias)


def _backward(ctx, grad_y):  # type: ignore[no-untyped-def]
    x, weight, bias = ctx.saved_tensors
    grad_x, grad_weight, grad_bias = convolution_backward(grad_y, x, weight, bias, ctx.silu)
    return grad_x, grad_weight, None if bias is None else grad_bias, None


convolution_forward.register_autograd(_backward, setup_context=_save)
