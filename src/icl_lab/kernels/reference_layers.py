"""Attention, GELU and norms written as their formulas: the ground truth of every faster form.

Arithmetic is float32 or better: float64 inputs give float64 results.

b batch   t num_tokens   h num_heads   c d_head   m channels   d hidden channels   n outputs
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def causal_attention(
    q: Float[Tensor, "b t h c"], k: Float[Tensor, "b t h c"], v: Float[Tensor, "b t h c"], *, window: int | None = None
) -> Float[Tensor, "b t h c"]:
    """Scores of every pair, those out of sight at minus infinity, a softmax, and the mean of values that it weights."""
    wide = torch.promote_types(q.dtype, torch.float32)
    num_tokens, d_head = q.shape[1], q.shape[3]
    scores = torch.einsum("bihc,bjhc->bhij", q.to(wide), k.to(wide)) / math.sqrt(d_head)
    seen = visible(num_tokens, window, q.device)
    weights = scores.masked_fill(~seen, -math.inf).softmax(-1)
    return torch.einsum("bhij,bjhc->bihc", weights, v.to(wide)).to(q.dtype)


def visible(num_tokens: int, window: int | None, device: torch.device) -> Tensor:
    """Whether token i sees token j: i - window < j <= i, as a (t, t) mask."""
    seen = torch.ones(num_tokens, num_tokens, dtype=torch.bool, device=device).tril()
    return seen if window is None else seen.triu(1 - window)


def causal_self_attention(
    qkv: Float[Tensor, "b t three h c"], *, window: int | None = None
) -> Float[Tensor, "b t h c"]:
    """Queries, keys and values taken apart."""
    q, k, v = qkv.unbind(2)
    return causal_attention(q, k, v, window=window)


def gelu_mlp(
    x: Float[Tensor, "*rows m"],
    widen: Float[Tensor, "d m"],
    widen_bias: Float[Tensor, " d"],
    narrow: Float[Tensor, "n d"],
    narrow_bias: Float[Tensor, " n"],
) -> Float[Tensor, "*rows n"]:
    """A linear map, 0.5 u (1 + tanh(sqrt(2 / pi) (u + 0.044715 u^3))), and a linear map."""
    hidden = F.linear(x, widen, widen_bias)
    u = hidden.to(torch.promote_types(hidden.dtype, torch.float32))
    activated = 0.5 * u * (1 + torch.tanh(math.sqrt(2 / math.pi) * (u + 0.044715 * u**3)))
    return F.linear(activated.to(hidden.dtype), narrow, narrow_bias)


def layer_norm(
    x: Float[Tensor, "*rows m"], gain: Float[Tensor, " m"], offset: Float[Tensor, " m"], epsilon: float
) -> Float[Tensor, "*rows m"]:
    """(x - mean) / sqrt(variance + epsilon), times gain, plus offset."""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    centred = wide - wide.mean(-1, keepdim=True)
    deviation = torch.sqrt(centred.square().mean(-1, keepdim=True) + epsilon)
    return (centred / deviation * gain.to(wide.dtype) + offset.to(wide.dtype)).to(x.dtype)


def rms_norm(x: Float[Tensor, "*rows m"], gain: Float[Tensor, " m"], epsilon: float) -> Float[Tensor, "*rows m"]:
    """Rows over sqrt(mean square + epsilon), times gain."""
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    root = torch.sqrt(wide.square().mean(-1, keepdim=True) + epsilon)
    return (wide / root * gain.to(wide.dtype)).to(x.dtype)
