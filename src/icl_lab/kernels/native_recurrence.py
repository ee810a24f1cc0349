"""The native matrix-valued recurrence as PyTorch operators: forward, backward, shapes for tracing, and their link.

One kernel for three: with `right`, what the state answers to it is added to the value (the delta rule) or, where there
is a `left`, written along that (a rank-one change of the state).

b batch   h num_heads   t num_tokens   k d_key   v d_value
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.kernels import flops, library, memory
from icl_lab.kernels.layer_structures import Heads, Recurrence
from icl_lab.kernels.library import pointer, rows

Shape = tuple[Any, ...]  # of numbers, or of what stands for them while tracing

INTERVAL = 16  # tokens from one state that is kept to the next


def recurrence(
    q: Float[Tensor, "b h t k"],
    k: Float[Tensor, "b h t k"],
    v: Float[Tensor, "b h t v"],
    log_decay: Float[Tensor, "b h t"] | Float[Tensor, "b h t k"],
    left: Float[Tensor, "b h t k"] | None,
    right: Float[Tensor, "b h t k"] | None,
    initial_state: Float[Tensor, "b h k v"] | None,
    return_state: bool,
) -> tuple[Float[Tensor, "b h t v"], Float[Tensor, "b h k v"] | None]:
    """Run S_t = Diag(exp(log_decay_t)) S_{t-1} + k_t (v_t + S_{t-1}^T right_t)^T and read o_t = S_t^T q_t.

    With a `left`, S_{t-1}^T right_t is written along that instead; without a `right` there is no such term.
    All float32.

    Returns:
        o, and the final state where it is asked for.
    """
    inputs = (q, k, v, log_decay, left, right, initial_state)
    keep = torch.is_grad_enabled() and any(x is not None and x.requires_grad for x in inputs)
    initial_state = None if initial_state is None else initial_state.contiguous()
    o, state, _, _ = recurrence_forward(q, k, v, log_decay, left, right, initial_state, return_state, keep)
    return o, state if return_state else None


def _heads(tensor: Tensor | None) -> Heads:
    """The C view of (b, h, t, channels) rows or of (b, h, t) numbers, or of an absent tensor."""
    if tensor is None:
        return Heads(None, 0, 0, 0)
    batch_stride, head_stride, token_stride = tensor.stride()[:3]
    return Heads(tensor.data_ptr(), batch_stride, token_stride, head_stride)


def _readable(x: Tensor | None) -> Tensor | None:
    return x if x is None or x.ndim == 3 else rows(x)


def _problem(sequences: list[Tensor | None], initial_state: Tensor | None) -> Recurrence:
    """The inputs as C sees them: q, k, v, log_decay, left and right `_readable`, the state contiguous."""
    q, _, v, log_decay, _, _ = sequences
    assert q is not None
    assert v is not None
    assert log_decay is not None
    problem = Recurrence(*q.shape, v.shape[-1], INTERVAL, torch.get_num_threads(), int(log_decay.ndim == 4))
    problem.q, problem.k, problem.v, problem.log_decay, problem.left, problem.right = map(_heads, sequences)
    problem.initial_state = pointer(initial_state)
    return problem


def _arranged(empty: Callable[[Shape], Tensor], x: Tensor) -> Tensor:
    """Memory for the shape of x; where its tokens are further apart than its heads, as where these were split, too."""
    if x.ndim == 3 or x.stride(1) >= x.stride(2):
        return empty(tuple(x.shape))
    batch, num_heads, num_tokens, channels = x.shape
    return empty((batch, num_tokens, num_heads, channels)).transpose(1, 2)


def _kept(q: Tensor, v: Tensor, right: Tensor | None, keep: bool) -> tuple[Shape, Shape]:
    """Shapes of what the backward pass needs: what was read of the states, and every `INTERVAL`th state."""
    states = (*q.shape[:2], -(-q.shape[2] // INTERVAL), q.shape[3], v.shape[3])
    return tuple(v.shape) if keep and right is not None else (0,), states if keep else (0,)


@torch.library.custom_op("icl_lab::matrix_recurrence", mutates_args=())
def recurrence_forward(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    log_decay: Tensor,
    left: Tensor | None,
    right: Tensor | None,
    initial_state: Tensor | None,
    return_state: bool,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Returns o, the final state (empty unless asked for), and for the backward pass what was read, and states."""
    read_shape, states_shape = _kept(q, v, right, keep)
    o = _arranged(memory.empty, v)
    state = torch.empty((*q.shape[:2], q.shape[3], v.shape[3]) if return_state else 0, dtype=torch.float32)
    read, states = memory.empty(read_shape), memory.empty(states_shape)
    inputs = [_readable(x) for x in (q, k, v, log_decay, left, right)]
    problem = _problem(inputs, initial_state)
    problem.y = _heads(o)
    problem.final_state = pointer(state) if return_state else None
    problem.read, problem.checkpoints = (pointer(read), pointer(states)) if keep else (None, None)
    library.call("recurrence_forward", problem)
    return o, state, read, states


@recurrence_forward.register_fake
def _(q, k, v, log_decay, left, right, initial_state, return_state, keep):  # type: ignore[no-untyped-def]
    state = q.new_empty((*q.shape[:2], q.shape[3], v.shape[3]) if return_state else (0,))
    read_shape, states_shape = _kept(q, v, right, keep)
    return _arranged(q.new_empty, v), state, q.new_empty(read_shape), q.new_empty(states_shape)


@torch.library.custom_op("icl_lab::matrix_recurrence_backward", mutates_args=())
def recurrence_backward(
    grad_o: Tensor,
    grad_state: Tensor | None,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    log_decay: Tensor,
    left: Tensor | None,
    right: Tensor | None,
    initial_state: Tensor | None,
    read: Tensor,
    states: Tensor,
) -> list[Tensor]:
    """Gradients of q, k, v, log_decay, left, right and initial_state; empty where the input is absent."""
    sequences = (q, k, v, log_decay, left, right)
    grads = [torch.empty(0) if x is None else _arranged(memory.empty, x) for x in sequences]
    grad_initial = torch.empty(0 if initial_state is None else initial_state.shape, dtype=torch.float32)
    inputs = [_readable(x) for x in sequences]
    problem = _problem(inputs, initial_state)
    problem.read, problem.checkpoints = pointer(read), pointer(states)
    grad_o, grad_state = rows(grad_o), None if grad_state is None else grad_state.contiguous()
    problem.grad_y, problem.grad_final_state = _heads(grad_o), pointer(grad_state)
    problem.grad_q, problem.grad_k, problem.grad_v, problem.grad_log_decay = map(_heads, grads[:4])
    problem.grad_left = _heads(None if left is None else grads[4])
    problem.grad_right = _heads(None if right is None else grads[5])
    problem.grad_initial_state = None if initial_state is None else pointer(grad_initial)
    library.call("recurrence_backward", problem)
    return [*grads, grad_initial]


@recurrence_backward.register_fake
def _(grad_o, grad_state, q, k, v, log_decay, left, right, initial_state, read, states):  # type: ignore[no-untyped-def]
    sequences = (q, k, v, log_decay, left, right)
    grads = [q.new_empty(0) if x is None else _arranged(q.new_empty, x) for x in sequences]
    return [*grads, q.new_empty(0 if initial_state is None else initial_state.shape)]


def _save(ctx, inputs, output):  # type: ignore[no-untyped-def]
    *tensors, ctx.return_state, _ = inputs
    read, states = output[2:]
    ctx.mark_non_differentiable(read, states)
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors, read, states)


def _backward(ctx, grad_o, grad_state, _, __):  # type: ignore[no-untyped-def]
    *inputs, read, states = ctx.saved_tensors
    grad_state = grad_state if ctx.return_state else None
    if grad_o is None:
        grad_o = torch.zeros_like(inputs[2])
    grads = recurrence_backward(grad_o, grad_state, *inputs, read, states)
    return *(None if x is None else grad for x, grad in zip(inputs, grads, strict=True)), None, None


recurrence_forward.register_autograd(_backward, setup_context=_save)
flops.register_recurrence()
