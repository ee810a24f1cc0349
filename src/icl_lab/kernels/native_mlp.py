"""The feed-forward network of a Transformer as one PyTorch operator: two matrix products around the native GELU.

The hidden layer is the largest tensor of the network, and main memory is what bounds everything but the products. So
it is kept once, before the GELU: what lies after it is computed again going backward, where the gradient is written
over the one it comes from. The first bias is added with the GELU: a product with a bias first writes it to every row.

n rows   m channels   d hidden channels
"""

import torch
from torch import Tensor

from icl_lab.kernels import library
from icl_lab.kernels.layer_structures import Activation
from icl_lab.kernels.library import pointer


def _activation(u: Tensor, bias: Tensor, y: Tensor) -> Activation:
    """What both passes have in common, as C sees it: u and y contiguous, the bias float32."""
    activation = Activation(*u.shape, torch.get_num_threads(), int(u.dtype == torch.bfloat16))
    activation.x, activation.bias, activation.y = u.data_ptr(), pointer(bias), y.data_ptr()
    return activation


@torch.library.custom_op("icl_lab::gelu_mlp", mutates_args=())
@library.in_own_precision
def mlp_forward(
    x: Tensor, widen: Tensor, widen_bias: Tensor, narrow: Tensor, narrow_bias: Tensor, keep: bool
) -> tuple[Tensor, Tensor]:
    """Returns y (n, m); then, for the backward pass, the hidden layer before bias and GELU (n, d)."""
    hidden = x @ widen.T
    # Where nothing will be differentiated, the result takes the place of its argument.
    activated = torch.empty_like(hidden) if keep else hidden
    library.call("gelu_forward", _activation(hidden, widen_bias, activated))
    return torch.addmm(narrow_bias, activated, narrow.T), hidden if keep else x.new_empty(0)


@mlp_forward.register_fake
def _(x, widen, widen_bias, narrow, narrow_bias, keep):  # type: ignore[no-untyped-def]
    return x.new_empty((x.shape[0], narrow.shape[0])), x.new_empty((x.shape[0], widen.shape[0]) if keep else 0)


@torch.library.custom_op("icl_lab::gelu_mlp_backward", mutates_args=())
@library.in_own_precision
def mlp_backward(
    grad_y: Tensor, x: Tensor, widen: Tensor, widen_bias: Tensor, narrow: Tensor, hidden: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Gradients of the five inputs."""
    grad, activated, grad_widen_bias = grad_y @ narrow, torch.empty_like(hidden), torch.empty_like(widen_bias)
    activation = _activation(hidden, widen_bias, activated)
    activation.grad_y = activation.grad_x = grad.data_ptr()
    activation.grad_bias = pointer(grad_widen_bias)
    library.call("gelu_backward", activation)
    return grad @ widen, grad.T @ x, grad_widen_bias, grad_y.T @ activated, grad_y.sum(0)


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
