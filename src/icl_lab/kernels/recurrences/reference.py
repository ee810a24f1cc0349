"""The recurrences written as their definitions, one token after the other: the ground truth of the chunked forms.

A state maps keys to values: it is read by S^T q. Arithmetic is float32 or better: float64 inputs give float64 results.

b batch   h num_heads   t num_tokens   k d_key   v d_value
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Inexact
from torch import Tensor

Decay = Float[Tensor, "b h"] | Float[Tensor, "b h k"]
State = Float[Tensor, "b h k v"]
Result = tuple[Tensor, Tensor]


def linear_recurrence_step(
    state: State,
    q: Float[Tensor, "b h k"],
    k: Float[Tensor, "b h k"],
    v: Float[Tensor, "b h v"],
    log_decay: Decay,
    *,
    bonus: Float[Tensor, "h k"] | None = None,
) -> tuple[Float[Tensor, "b h v"], State]:
    """One token of `linear_recurrence`: S = Diag(exp(log_decay)) S' + k v^T, read by S^T q.

    With a bonus u, what is read is S' + Diag(u) k v^T instead. Returns the output and the new state.
    """
    wide = torch.promote_types(q.dtype, torch.float32)
    old, keys, queries = state.to(wide), k.to(wide), q.to(wide)
    write = keys[..., :, None] * v.to(wide)[..., None, :]
    new_state = _decay(log_decay, wide) * old + write
    seen = new_state if bonus is None else old + bonus.to(wide)[:, :, None] * write
    return _read(seen, queries).to(q.dtype), new_state


def delta_rule_step(
    state: State,
    q: Float[Tensor, "b h k"],
    k: Float[Tensor, "b h k"],
    v: Float[Tensor, "b h v"],
    rate: Float[Tensor, "b h"],
    log_decay: Decay | None = None,
) -> tuple[Float[Tensor, "b h v"], State]:
    """One token of `delta_rule`: S = D + rate k (v - D^T k)^T with D = exp(log_decay) S', read by S^T q."""
    wide = torch.promote_types(q.dtype, torch.float32)
    keys = k.to(wide)
    decayed = state.to(wide) if log_decay is None else _decay(log_decay, wide) * state.to(wide)
    error = v.to(wide) - _read(decayed, keys)
    new_state = decayed + rate.to(wide)[..., None, None] * keys[..., :, None] * error[..., None, :]
    return _read(new_state, q.to(wide)).to(q.dtype), new_state


def rank_one_recurrence_step(
    state: State,
    q: Float[Tensor, "b h k"],
    k: Float[Tensor, "b h k"],
    v: Float[Tensor, "b h v"],
    left: Float[Tensor, "b h k"],
    right: Float[Tensor, "b h k"],
    log_decay: Decay,
) -> tuple[Float[Tensor, "b h v"], State]:
    """One token of `rank_one_recurrence`: S = (Diag(exp(log_decay)) + left right^T) S' + k v^T, read by S^T q."""
    wide = torch.promote_types(q.dtype, torch.float32)
    old = state.to(wide)
    moved = left.to(wide)[..., :, None] * _read(old, right.to(wide))[..., None, :]
    new_state = _decay(log_decay, wide) * old + moved + k.to(wide)[..., :, None] * v.to(wide)[..., None, :]
    return _read(new_state, q.to(wide)).to(q.dtype), new_state


def linear_recurrence(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    log_decay: Tensor,
    *,
    bonus: Tensor | None = None,
    initial_state: Tensor | None = None,
    return_state: bool = False,
) -> Tensor | Result:
    """The step form, token after token."""

    def step(state: Tensor, *token: Tensor) -> Result:
        return linear_recurrence_step(state, *token, bonus=bonus)

    return _run(step, (q, k, v, log_decay), initial_state, return_state)


def delta_rule(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    rate: Tensor,
    log_decay: Tensor | None = None,
    *,
    initial_state: Tensor | None = None,
    return_state: bool = False,
) -> Tensor | Result:
    """The step form, token after token."""
    sequences = (q, k, v, rate) if log_decay is None else (q, k, v, rate, log_decay)
    return _run(delta_rule_step, sequences, initial_state, return_state)


def rank_one_recurrence(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    left: Tensor,
    right: Tensor,
    log_decay: Tensor,
    *,
    initial_state: Tensor | None = None,
    return_state: bool = False,
) -> Tensor | Result:
    """The step form, token after token."""
    return _run(rank_one_recurrence_step, (q, k, v, left, right, log_decay), initial_state, return_state)


def elementwise_recurrence(
    decay: Inexact[Tensor, "b t *rest"],
    inputs: Inexact[Tensor, "b t *rest"],
    initial_state: Inexact[Tensor, " b *rest"] | None = None,
) -> Inexact[Tensor, "b t *rest"]:
    """h_t = decay_t h_{t-1} + inputs_t, token after token."""
    states = []
    state = torch.zeros_like(inputs[:, 0]) if initial_state is None else initial_state
    for decay_t, input_t in zip(decay.unbind(1), inputs.unbind(1), strict=True):
        state = decay_t * state + input_t
        states.append(state)
    return torch.stack(states, dim=1)


def _run(
    step: Callable[..., Result], sequences: tuple[Tensor, ...], initial_state: Tensor | None, return_state: bool
) -> Tensor | Result:
    q, v = sequences[0], sequences[2]
    wide = torch.promote_types(q.dtype, torch.float32)
    shape = (*q.shape[:2], q.shape[3], v.shape[3])
    state = q.new_zeros(shape, dtype=wide) if initial_state is None else initial_state.to(wide)
    outputs = []
    # `unbind` so that the backward pass writes each gradient once; indexing would be quadratic in length.
    for token in zip(*(x.unbind(2) for x in sequences), strict=True):
        output, state = step(state, *token)
        outputs.append(output)
    outputs_ = torch.stack(outputs, dim=2)
    return (outputs_, state) if return_state else outputs_


def _decay(log_decay: Tensor, wide: torch.dtype) -> Tensor:
    decay = torch.exp(log_decay.to(wide))
    return decay[..., None, None] if decay.ndim == 2 else decay[..., :, None]


def _read(state: Tensor, vector: Tensor) -> Tensor:
    return (state.mT @ vector[..., None])[..., 0]
