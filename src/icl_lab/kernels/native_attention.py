"""Native causal attention as PyTorch operators: forward, backward, shapes for tracing, and the link between them.

Two forms of one kernel: queries, keys and values apart, or as the parts of one tensor, whose gradient is then written
in place instead of being put together from three.

b batch   t num_tokens   h num_heads   c d_head
"""

import math

import torch
from torch import Tensor

from icl_lab.kernels import library
from icl_lab.kernels.layer_structures import Attention, heads
from icl_lab.kernels.library import pointer, rows


def _problem(q: Tensor, k: Tensor, v: Tensor, window: int) -> Attention:
    """The inputs as C sees them."""
    batch, num_tokens, num_heads, d_head = q.shape
    attention = Attention(batch, num_tokens, num_heads, d_head, min(window, num_tokens))
    attention.threads, attention.storage = torch.get_num_threads(), int(q.dtype == torch.bfloat16)
    attention.scale = 1 / math.sqrt(d_head)
    attention.q, attention.k, attention.v = heads(q), heads(k), heads(v)
    return attention


def _forward(q: Tensor, k: Tensor, v: Tensor, window: int) -> tuple[Tensor, Tensor]:
    y = torch.empty(q.shape, dtype=q.dtype)
    statistics = torch.empty(q.shape[0], q.shape[2], 2, q.shape[1], dtype=torch.float32)
    attention = _problem(q, k, v, window)
    attention.y, attention.statistics = heads(y), pointer(statistics)
    library.call("attention_forward", attention)
    return y, statistics


def _backward(
    grad_y: Tensor, inputs: tuple[Tensor, Tensor, Tensor], statistics: Tensor, window: int, grads: tuple[Tensor, ...]
) -> None:
    attention, grad_y = _problem(*inputs, window), rows(grad_y)
    attention.statistics, attention.grad_y = pointer(statistics), heads(grad_y)
    attention.grad_q, attention.grad_k, attention.grad_v = (heads(grad) for grad in grads)
    library.call("attention_backward", attention)


@torch.library.custom_op("icl_lab::causal_attention", mutates_args=())
def attention_forward(q: Tensor, k: Tensor, v: Tensor, window: int) -> tuple[Tensor, Tensor]:
    """The attended values; for the backward pass, largest scores and sums of exponentials, (b, h, 2, t)."""
    return _forward(rows(q), rows(k), rows(v), window)


@attention_forward.register_fake
def _(q, k, v, window):  # type: ignore[no-untyped-def]
    return q.new_empty(q.shape), q.new_empty((q.shape[0], q.shape[2], 2, q.shape[1]), dtype=torch.float32)


@torch.library.custom_op("icl_lab::causal_attention_backward", mutates_args=())
def attention_backward(
    grad_y: Tensor, q: Tensor, k: Tensor, v: Tensor, statistics: Tensor, window: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of queries, keys and values."""
    grad_q, grad_k, grad_v = (torch.empty(x.shape, dtype=x.dtype) for x in (q, k, v))
    _backward(grad_y, (rows(q), rows(k), rows(v)), statistics, window, (grad_q, grad_k, grad_v))
    return grad_q, grad_k, grad_v


@attention_backward.register_fake
def _(grad_y, q, k, v, statistics, window):  # type: ignore[no-untyped-def]
    return tuple(x.new_empty(x.shape) for x in (q, k, v))


@torch.library.custom_op("icl_lab::causal_self_attention", mutates_args=())
def self_attention_forward(qkv: Tensor, window: int) -> tuple[Tensor, Tensor]:
    """As `attention_forward`, of the parts of one (b, t, 3, h, c) tensor."""
    q, k, v = rows(qkv).unbind(2)
    return _forward(q, k, v, window)


@self_attention_forward.register_fake
def _(qkv, window):  # type: ignore[no-untyped-def]
    batch, num_tokens, _, num_heads, d_head = qkv.shape
    statistics = qkv.new_empty((batch, num_heads, 2, num_tokens), dtype=torch.float32)
    return qkv.new_empty((batch, num_tokens, num_heads, d_head)), statistics


@torch.library.custom_op("icl_lab::causal_self_attention_backward", mutates_args=())
def self_attention_backward(grad_y: Tensor, qkv: Tensor, statistics: Tensor, window: int) -> Tensor:
    """The gradient of the one tensor."""
    grad = torch.empty(qkv.shape, dtype=qkv.dtype)
    q, k, v = rows(qkv).unbind(2)
    _backward(grad_y, (q, k, v), statistics, window, grad.unbind(2))
    return grad


@self_attention_backward.register_fake
def _(grad_y, qkv, statistics, window):  # type: ignore[no-untyped-def]
    return qkv.new_empty(qkv.shape)


def _save(ctx, inputs, output):  # type: ignore[no-untyped-def]
    *tensors, ctx.window = inputs
    ctx.mark_non_differentiable(output[1])
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors, output[1])


def _differentiate(ctx, grad_y, _):  # type: ignore[no-untyped-def]
    if grad_y is None:
        return None, None, None, None
    return *attention_backward(grad_y, *ctx.saved_tensors, ctx.window), None


def _differentiate_self(ctx, grad_y, _):  # type: ignore[no-untyped-def]
    if grad_y is None:
        return None, None
    return self_attention_backward(grad_y, *ctx.saved_tensors, ctx.window), None


attention_forward.register_autograd(_differentiate, setup_context=_save)
self_attention_forward.register_autograd(_differentiate_self, setup_context=_save)
