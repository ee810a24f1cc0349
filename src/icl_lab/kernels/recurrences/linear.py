"""Linear recurrences with a decay: linear attention, RetNet, gated linear attention, Mamba-2, mLSTM, RWKV-6.

b batch   h num_heads   t num_tokens   n num_chunks   l tokens of a chunk   k d_key   v d_value
"""

from typing import Literal, overload

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.kernels.backend import forced, native_recurrence
from icl_lab.kernels.recurrences import reference
from icl_lab.kernels.recurrences.blocks import earlier
from icl_lab.kernels.recurrences.checks import check_linear
from icl_lab.kernels.recurrences.chunks import LENGTH, chunk_length, cut, exact_products, joined
from icl_lab.kernels.recurrences.decays import ChunkDecays


@overload
def linear_recurrence(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    log_decay: Tensor,
    *,
    bonus: Tensor | None = None,
    initial_state: Tensor | None = None,
    return_state: Literal[False] = False,
    chunk: int = LENGTH,
) -> Tensor: ...


@overload
def linear_recurrence(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    log_decay: Tensor,
    *,
    bonus: Tensor | None = None,
    initial_state: Tensor | None = None,
    return_state: Literal[True],
    chunk: int = LENGTH,
) -> tuple[Tensor, Tensor]: ...


def linear_recurrence(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    log_decay: Tensor,
    *,
    bonus: Tensor | None = None,
    initial_state: Tensor | None = None,
    return_state: bool = False,
    chunk: int = LENGTH,
) -> Tensor | tuple[Tensor, Tensor]:
    """Run S_t = Diag(exp(log_decay_t)) S_{t-1} + k_t v_t^T and read o_t = S_t^T q_t, chunk by chunk.

    With P_ij the product of query i and key j after the decays between them (`ChunkDecays.products`), a chunk that
    starts in the state S gives O = (Q * since_start) S + P V, and leaves total * S + (K * to_end)^T V (the chunked form
    of Yang et al. 2024, arXiv 2312.06635, section 4; Dao & Gu 2024, arXiv 2405.21060, section 6). With a bonus u the
    read comes before the update: o_t = (S_{t-1} + Diag(u) k_t v_t^T)^T q_t (RWKV: Peng et al. 2024, arXiv 2404.05892).

    Args:
        q: Queries, (b, h, t, k).
        k: Keys, (b, h, t, k).
        v: Values, (b, h, t, v).
        log_decay: Logarithms of the decays, at most 0: (b, h, t), one a head, or (b, h, t, k), one a channel.
        bonus: Weight of a token's own key and value when it is read before the update, (h, k).
        initial_state: The state before the first token, (b, h, k, v); zeros when not given.
        return_state: Whether the state after the last token is returned too.
        chunk: Tokens that are handled by one set of products; a power of two. The native library has no chunks.

    Returns:
        o (b, h, t, v) in the dtype of q, or (o, final state (b, h, k, v) in float32 or better).

    Raises:
        UserError: A wrong shape, dtype or device, naming the argument.
    """
    check_linear(q, k, v, log_decay, bonus, initial_state, state_name="initial_state")
    if forced() == "reference":
        return reference.linear_recurrence(
            q, k, v, log_decay, bonus=bonus, initial_state=initial_state, return_state=return_state
        )
    wide = torch.promote_types(q.dtype, torch.float32)
    keep = initial_state is not None or return_state
    with exact_products(q):
        state = None if initial_state is None else initial_state.to(wide)
        queries, keys, values = q.to(wide), k.to(wide), v.to(wide)
        decays, length = log_decay.to(wide), chunk_length(q.shape[2], chunk)
        asked = queries if bonus is None else earlier(queries)
        if (native := native_recurrence(q)) is not None:
            o, last = native.recurrence(asked, keys, values, decays, None, None, state, return_state)
        else:
            decays = decays[..., None] if decays.ndim == 3 else decays
            o, last = _chunked(asked, keys, values, decays, state, keep, length)
        if bonus is not None:
            o = _before(o, queries, keys, values, bonus.to(wide), state)
    if not return_state:
        return o.to(q.dtype)
    assert last is not None
    return o.to(q.dtype), last


def _chunked(
    q: Float[Tensor, "b h t k"],
    k: Float[Tensor, "b h t k"],
    v: Float[Tensor, "b h t v"],
    log_decay: Float[Tensor, "b h t k_or_1"],
    state: Float[Tensor, "b h k v"] | None,
    keep: bool,
    length: int,
) -> tuple[Float[Tensor, "b h t v"], Float[Tensor, "b h k v"] | None]:
    num_tokens = q.shape[2]
    q, k, v, log_decay = (cut(x, length, q.dtype) for x in (q, k, v, log_decay))
    decays = ChunkDecays(log_decay)
    (products,) = decays.products([q], [k])
    o = products @ v
    if q.shape[2] == 1 and not keep:
        return joined(o, num_tokens), None
    written = (k * decays.to_end).mT @ v
    last = torch.zeros_like(written[:, :, 0]) if state is None else state
    states = []
    for total, write in zip(decays.total.unbind(2), written.unbind(2), strict=True):
        states.append(last)
        last = torch.addcmul(write, total, last)
    o = o + (q * decays.since_start) @ torch.stack(states, dim=2)
    return joined(o, num_tokens), last


def _before(
    after: Float[Tensor, "b h t v"],
    q: Float[Tensor, "b h t k"],
    k: Float[Tensor, "b h t k"],
    v: Float[Tensor, "b h t v"],
    bonus: Float[Tensor, "h k"],
    state: Float[Tensor, "b h k v"] | None,
) -> Float[Tensor, "b h t v"]:
    """What each query reads before its token is written, given what the next query reads after each token."""
    first = torch.zeros_like(after[:, :, :1]) if state is None else q[:, :, :1] @ state
    own = (q * bonus[:, None, :] * k).sum(-1, keepdim=True)
    return torch.cat([first, after[:, :, :-1]], dim=2) + own * v
