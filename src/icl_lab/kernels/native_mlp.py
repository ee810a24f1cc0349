"""The feed-forward network of a Transformer as one PyTorch operator: two matrix products around the native GELU.

The hidden layer is the largest tensor of the network; keeping it twice, before and after the GELU, sends both through
main memory. So only the first is kept, the other is computed again going backward, and rows are taken in blocks whose
hidden layer stays in the cache between one product and the next.

n rows   m channels   d hidden channels
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from icl_lab.kernels import library
from icl_lab.kernels.layer_structures import Activation
from icl_lab.kernels.library import pointer

BLOCK_BYTES = 2**21  # of the hidden layer: the second-level cache of a core


def _blocks(hidden: Tensor) -> Iterator[slice]:
    """Rows in equal parts of about `BLOCK_BYTES`; all at once in bfloat16.

    Gradients of weights are summed over blocks. In bfloat16 such sums would have to be kept in float32, which was
    measured to cost more than the blocks save (one thread, width 256: 275 ms a step against 247).
    """
    num_rows, parts = hidden.shape[0], hidden.numel() * hidden.element_size() / BLOCK_BYTES
    count = max(1, round(parts)) if hidden.dtype == torch.float32 else 1
    for i in range(count):
        yield slice(num_rows * i // count, num_rows * (i + 1) // count)


def _activation(u: Tensor, bias: Tensor, y: Tensor) -> Activation:
    """What both passes have in common, as C sees it: u and y contiguous, the bias float32."""
    activation = Activation(*u.shape, torch.get_num_threads(), int(u.dtype == torch.bfloat16))
    activation.x, activation.bias, activation.y = u.data_ptr(), pointer(bias), y.data_ptr()
    return activation


@torch.library.custom_op("icl_lab::gelu_mlp", mutates_args=())
def mlp_forward(
    x: Tensor, widen: Tensor, widen_bias: Tensor, narrow: Tensor, narrow_bias: Tensor, keep: bool
) -> tuple[Tensor, Tensor]:
    """Returns y (n, m); then, for the backward pass, the hidden layer before bias and GELU (n, d)."""
    hidden = torch.empty((x.shape[0], widen.shape[0]), dtype=x.dtype)
    y = torch.empty((x.shape[0], narrow.shape[0]), dtype=x.dtype)
    for rows in _blocks(hidden):
        u = torch.mm(x[rows], widen.T, out=hidden[rows])
        activated = torch.empty_like(u)
        library.call("gelu_forward", _activation(u, widen_bias, activated))
        torch.addmm(narrow_bias, activated, narrow.T, out=y[rows])
    return y, hidden if keep else x.new_empty(0)


@mlp_forward.register_fake
def _(x, widen, widen_bias, narrow, narrow_bias, keep):  # type: ignore[no-untyped-def]
    return x.new_empty((x.shape[0], narrow.shape[0])), x.new_empty((x.shape[0], widen.shape[0]) if keep else 0)


@torch.library.custom_op("icl_lab::gelu_mlp_backward", mutates_args=())
def mlp_backward(
    grad_y: Tensor, x: Tensor, widen: Tensor, widen_bias: Tensor, narrow: Tensor, hidden: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Gradients of the five inputs."""
    grad_x = torch.empty(x.shape, dtype=x.dtype)
    grad_widen, grad_narrow = torch.empty(widen.shape, dtype=x.dtype), torch.empty(narrow.shape, dtype=x.dtype)
    grad_widen_bias, part = torch.zeros_like(widen_bias), torch.empty_like(widen_bias)
    for rows in _blocks(hidden):
        u, grad = hidden[rows], grad_y[rows] @ narrow
        activated = torch.empty_like(u)
        activation = _activation(u, widen_bias, activated)
        activation.grad_y = activation.grad_x = grad.data_ptr()
        activation.grad_bias = pointer(part)
        library.call("gelu_backward", activation)
        grad_widen_bias += part
        _sum_product(grad_narrow, grad_y[rows].T, activated, first=rows.start == 0)
        _sum_product(grad_widen, grad.T, x[rows], first=rows.start == 0)
        torch.mm(grad, widen, out=grad_x[rows])
    return grad_x, grad_widen, grad_widen_bias, grad_narrow, grad_y.sum(0)


def _sum_product(total: Tensor, a: Tensor, b: Tensor, *, first: bool) -> None:
    if first:
        torch.mm(a, b, out=total)
    else:
        total.addmm_(a, b)


@mlp_backward.register_fake
def _(grad_y, x, widen, widen_bias, narrow, hidden):  # type: ignore[no-untyped-def]
    grad_narrow_bias = grad_y.new_empty(grad_y.shape[1])
    return *(t.new_empty(t.shape) for t in (x, widen, widen_bias, narrow)), grad_narrow_bias


def _save(ctx, inputs, output):  # type: ignore[no-untyped-def]
    x, widen, widen_bias, narrow, _, _ = inputs
    ctx.mark_non_differentiable(output[1])
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(x, widen, widen_bias, narrow, output[1])


def _backward(ctx, grad_y, _):  # type: ignore[no-untyped-def]
    if grad_y is None:
        return (None,) * 6
    return *mlp_backward(grad_y, *ctx.saved_tensors), None


mlp_forward.register_autograd(_backward, setup_context=_save)
