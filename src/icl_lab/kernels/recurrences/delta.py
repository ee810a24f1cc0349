"""Recurrences that overwrite what they read: DeltaNet, Gated DeltaNet, and RWKV-7's diagonal plus rank one.

b batch   h num_heads   t num_tokens   n num_chunks   l tokens of a chunk   k d_key   v d_value
"""

import math
from types import ModuleType
from typing import Literal, overload

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.kernels.backend import forced, native_recurrence
from icl_lab.kernels.recurrences import reference
from icl_lab.kernels.recurrences.blocks import earlier, later
from icl_lab.kernels.recurrences.checks import check_delta, check_rank_one
from icl_lab.kernels.recurrences.chunks import LENGTH, chunk_length, cut, exact_products, joined
from icl_lab.kernels.recurrences.decays import ChunkDecays
from icl_lab.kernels.recurrences.inverse import inverse_minus


@overload
def delta_rule(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    rate: Tensor,
    log_decay: Tensor | None = None,
    *,
    initial_state: Tensor | None = None,
    return_state: Literal[False] = False,
    chunk: int = LENGTH,
) -> Tensor: ...


@overload
def delta_rule(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    rate: Tensor,
    log_decay: Tensor | None = None,
    *,
    initial_state: Tensor | None = None,
    return_state: Literal[True],
    chunk: int = LENGTH,
) -> tuple[Tensor, Tensor]: ...


def delta_rule(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    rate: Tensor,
    log_decay: Tensor | None = None,
    *,
    initial_state: Tensor | None = None,
    return_state: bool = False,
    chunk: int = LENGTH,
) -> Tensor | tuple[Tensor, Tensor]:
    """Run S_t = (I - rate_t k_t k_t^T) A_t S_{t-1} + rate_t k_t v_t^T and read o_t = S_t^T q_t.

    With A_t = Diag(exp(log_decay_t)). Every token moves what the state answers to its key towards its value. Without a
    decay this is DeltaNet (Yang et al. 2024, arXiv 2406.06484), with one a head Gated DeltaNet (Yang et al. 2025, arXiv
    2412.06464). For keys of length 1, rates in (0, 2) keep the state bounded, and those above 1 give the transition a
    negative eigenvalue (Grazzi et al. 2025, arXiv 2411.12537).

    Args:
        q: Queries, (b, h, t, k).
        k: Keys, (b, h, t, k), usually of length 1.
        v: Values, (b, h, t, v).
        rate: Share of the error that is written (beta in the papers), (b, h, t).
        log_decay: Logarithms of the decays, at most 0: (b, h, t) or (b, h, t, k); none by default.
        initial_state: The state before the first token, (b, h, k, v); zeros when not given.
        return_state: Whether the state after the last token is returned too.
        chunk: Tokens that are handled by one set of products; a power of two. The native library has no chunks.

    Returns:
        o (b, h, t, v) in the dtype of q, or (o, final state (b, h, k, v) in float32 or better).

    Raises:
        UserError: A wrong shape, dtype or device, naming the argument.
    """
    check_delta(q, k, v, rate, log_decay, initial_state, state_name="initial_state")
    if forced() == "reference":
        return reference.delta_rule(q, k, v, rate, log_decay, initial_state=initial_state, return_state=return_state)
    wide = torch.promote_types(q.dtype, torch.float32)
    keys = k.to(wide)
    decays = torch.zeros_like(rate, dtype=wide) if log_decay is None else log_decay.to(wide)
    decays = decays[..., None] if decays.ndim == 3 else decays
    # The error v - (A S)^T k is what the write along rate * k reads with -A k before the decay.
    left, right = rate.to(wide)[..., None] * keys, -decays.exp() * keys
    return _run(q, left, right, v, None, None, decays, initial_state, return_state, chunk)


@overload
def rank_one_recurrence(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    left: Tensor,
    right: Tensor,
    log_decay: Tensor,
    *,
    lowest: float = -math.inf,
    initial_state: Tensor | None = None,
    return_state: Literal[False] = False,
    chunk: int = LENGTH,
) -> Tensor: ...


@overload
def rank_one_recurrence(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    left: Tensor,
    right: Tensor,
    log_decay: Tensor,
    *,
    lowest: float = -math.inf,
    initial_state: Tensor | None = None,
    return_state: Literal[True],
    chunk: int = LENGTH,
) -> tuple[Tensor, Tensor]: ...


def rank_one_recurrence(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    left: Tensor,
    right: Tensor,
    log_decay: Tensor,
    *,
    lowest: float = -math.inf,
    initial_state: Tensor | None = None,
    return_state: bool = False,
    chunk: int = LENGTH,
) -> Tensor | tuple[Tensor, Tensor]:
    """Run S_t = (Diag(exp(log_decay_t)) + left_t right_t^T) S_{t-1} + k_t v_t^T and read o_t = S_t^T q_t.

    RWKV-7 (Peng et al. 2025, arXiv 2503.14456, section 4.1) has left = -kappa, right = a * kappa up to the side on
    which the state is multiplied. `delta_rule` is the case left = -rate k, right = exp(log_decay) k.

    Args:
        q: Queries, (b, h, t, k).
        k: Keys, (b, h, t, k).
        v: Values, (b, h, t, v).
        left: Where the state is changed, (b, h, t, k).
        right: What is read of the old state for that, (b, h, t, k).
        log_decay: Logarithms of the decays, at most 0: (b, h, t) or (b, h, t, k).
        lowest: What none of these is below, where that is known: moderate decays need fewer products.
        initial_state: The state before the first token, (b, h, k, v); zeros when not given.
        return_state: Whether the state after the last token is returned too.
        chunk: Tokens that are handled by one set of products; a power of two. The native library has no chunks.

    Returns:
        o (b, h, t, v) in the dtype of q, or (o, final state (b, h, k, v) in float32 or better).

    Raises:
        UserError: A wrong shape, dtype or device, naming the argument.
    """
    check_rank_one(q, k, v, left, right, log_decay, initial_state, state_name="initial_state")
    if forced() == "reference":
        return reference.rank_one_recurrence(
            q, k, v, left, right, log_decay, initial_state=initial_state, return_state=return_state
        )
    decays = log_decay[..., None] if log_decay.ndim == 3 else log_decay
    return _run(q, left, right, None, k, v, decays, initial_state, return_state, chunk, lowest)


def _run(
    q: Tensor,
    left: Tensor,
    right: Tensor,
    given: Tensor | None,
    k: Tensor | None,
    v: Tensor | None,
    log_decay: Tensor,
    initial_state: Tensor | None,
    return_state: bool,
    chunk: int,
    lowest: float = -math.inf,
) -> Tensor | tuple[Tensor, Tensor]:
    wide, num_tokens = torch.promote_types(q.dtype, torch.float32), q.shape[2]
    length = chunk_length(num_tokens, chunk)
    state = None if initial_state is None else initial_state.to(wide)
    if (native := native_recurrence(q)) is not None:
        return _native(native, q, left, right, given, k, v, log_decay, state, return_state)

    def chunks(x: Tensor) -> Tensor:
        return cut(x, length, wide)

    with exact_products(q):
        o, last = _chunked(
            chunks(q),
            chunks(left),
            chunks(right),
            None if given is None else chunks(given),
            None if k is None else chunks(k),
            None if v is None else chunks(v),
            chunks(log_decay),
            lowest,
            state,
            state is not None or return_state,
        )
    o = joined(o, num_tokens).to(q.dtype)
    if not return_state:
        return o
    assert last is not None
    return o, last


def _native(
    native: ModuleType,
    q: Float[Tensor, "b h t k"],
    left: Float[Tensor, "b h t k"],
    right: Float[Tensor, "b h t k"],
    given: Float[Tensor, "b h t v"] | None,
    k: Float[Tensor, "b h t k"] | None,
    v: Float[Tensor, "b h t v"] | None,
    log_decay: Float[Tensor, "b h t k_or_1"],
    state: Float[Tensor, "b h k v"] | None,
    return_state: bool,
) -> Tensor | tuple[Tensor, Tensor]:
    """The same through the native library, which writes what is given and what is read along one key where it can."""
    decays = log_decay[..., 0] if log_decay.shape[-1] == 1 else log_decay
    write = (left, given, decays, None) if k is None else (k, v, decays, left)
    single = [None if x is None else x.to(torch.float32) for x in (q, *write, right)]
    o, last = native.recurrence(*single, state, return_state)
    return (o.to(q.dtype), last) if return_state else o.to(q.dtype)


def _chunked(
    q: Float[Tensor, "b h n l k"],
    left: Float[Tensor, "b h n l k"],
    right: Float[Tensor, "b h n l k"],
    given: Float[Tensor, "b h n l v"] | None,
    k: Float[Tensor, "b h n l k"] | None,
    v: Float[Tensor, "b h n l v"] | None,
    log_decay: Float[Tensor, "b h n l k_or_1"],
    lowest: float,
    state: Float[Tensor, "b h k v"] | None,
    keep: bool,
) -> tuple[Float[Tensor, "b h n l v"], Float[Tensor, "b h k v"] | None]:
    """Run S_t = Diag S_{t-1} + left_t u_t^T + k_t v_t^T with u_t = given_t + S_{t-1}^T right_t; one of given and v.

    In a chunk that starts in the state S, the u of all tokens solve a triangular system (Yang et al. 2024, section 3):
    with P' the products before a token's own decay, U = (I - P'(right, left))^-1 (given + P'(right, k) V + (right *
    before) S) = Y + W S. So the chunk's outputs and the state after it are linear in S, with coefficients that no other
    chunk has a say in.
    """
    decays = ChunkDecays(log_decay, lowest)
    writes = [left] if k is None else [left, k]
    # What reads before token i reads after token i - 1.
    found = decays.products([q, earlier(right)], writes)
    by_query, by_right = found[: len(writes)], [later(x) for x in found[len(writes) :]]
    inverse = inverse_minus(by_right[0])
    known = given if v is None else by_right[1] @ v
    assert known is not None
    Y = inverse @ known
    o = by_query[0] @ Y
    if v is not None:
        o = o + by_query[1] @ v
    if q.shape[2] == 1 and not keep:
        return o, None
    before = torch.cat([torch.ones_like(log_decay[..., :1, :]), decays.since_start[..., :-1, :]], dim=-2)
    W = inverse @ (right * before)
    ends = (left * decays.to_end).mT
    written = ends @ Y
    if k is not None and v is not None:
        written = written + (k * decays.to_end).mT @ v
    kept = decays.total * torch.eye(q.shape[-1], dtype=q.dtype, device=q.device) + ends @ W
    states, last = _hand_on(kept, written, state)
    return o + (q * decays.since_start + by_query[0] @ W) @ states, last


def _hand_on(
    kept: Float[Tensor, "b h n k k"], written: Float[Tensor, "b h n k v"], state: Float[Tensor, "b h k v"] | None
) -> tuple[Float[Tensor, "b h n k v"], Float[Tensor, "b h k v"]]:
    """The state before each chunk, and after the last one."""
    last = torch.zeros_like(written[:, :, 0]) if state is None else state
    states = []
    for keep, write in zip(kept.unbind(2), written.unbind(2), strict=True):
        states.append(last)
        last = keep @ last + write
    return torch.stack(states, dim=2), last
