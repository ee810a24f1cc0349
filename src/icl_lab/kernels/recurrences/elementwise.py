"""Elementwise linear recurrences, real or complex, by a parallel prefix: S4, LRU, and other gates on single numbers.

b batch   t num_tokens
"""

from typing import Any

import torch
from jaxtyping import Inexact
from torch import Tensor

from icl_lab.kernels.backend import forced
from icl_lab.kernels.recurrences import reference
from icl_lab.kernels.recurrences.checks import check_elementwise


def elementwise_recurrence(decay: Tensor, inputs: Tensor, initial_state: Tensor | None = None) -> Tensor:
    """Every state of h_t = decay_t h_{t-1} + inputs_t, each number for itself.

    The update of two tokens after each other is again such an update, so pairs are merged, the sequence of half the
    length is solved, and the states in between follow from it (Blelloch 1990): work linear in t, about 2 log2 t steps.

    Args:
        decay: Real or complex, (b, t, ...).
        inputs: Of the shape and dtype of `decay`.
        initial_state: The state before the first token, (b, ...); zeros when not given.

    Returns:
        States after every token, (b, t, ...); the last one is where a later call goes on.

    Raises:
        UserError: A wrong shape, dtype or device, naming the argument.
    """
    check_elementwise(decay, inputs, initial_state)
    if forced() == "reference":
        return reference.elementwise_recurrence(decay, inputs, initial_state)
    if initial_state is not None:
        first = torch.addcmul(inputs[:, :1], decay[:, :1], initial_state[:, None].to(inputs.dtype))
        inputs = torch.cat([first, inputs[:, 1:]], dim=1)
    return _Recurrence.apply(decay, inputs)  # type: ignore[no-untyped-call]


class _Recurrence(torch.autograd.Function):
    """The gradient of a recurrence is the recurrence backwards in time."""

    @staticmethod
    def forward(ctx: Any, decay: Tensor, inputs: Tensor) -> Tensor:
        states = _prefix(decay, inputs)
        ctx.save_for_backward(decay, states)
        return states

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        decay, states = ctx.saved_tensors
        # Token t hands its gradient to token t - 1 through decay_t.
        following = torch.cat([decay[:, 1:].conj(), torch.zeros_like(decay[:, :1])], dim=1)
        grad_inputs = _Recurrence.apply(following.flip(1), grad.flip(1)).flip(1)  # type: ignore[no-untyped-call]
        before = torch.cat([torch.zeros_like(states[:, :1]), states[:, :-1]], dim=1)
        return grad_inputs * before.conj(), grad_inputs


def _prefix(decay: Inexact[Tensor, "b t *rest"], inputs: Inexact[Tensor, "b t *rest"]) -> Inexact[Tensor, "b t *rest"]:
    num_tokens = inputs.shape[1]
    if num_tokens == 1:
        return inputs.clone()
    pairs = num_tokens // 2
    first_decay, first = decay[:, 0 : 2 * pairs : 2], inputs[:, 0 : 2 * pairs : 2]
    second_decay, second = decay[:, 1::2], inputs[:, 1::2]
    odd = _prefix(second_decay * first_decay, torch.addcmul(second, second_decay, first))
    states = torch.empty_like(inputs, memory_format=torch.contiguous_format)
    states[:, 0] = inputs[:, 0]
    states[:, 1::2] = odd
    rest = (num_tokens - 1) // 2
    torch.addcmul(inputs[:, 2::2], decay[:, 2::2], odd[:, :rest], out=states[:, 2::2])
    return states
