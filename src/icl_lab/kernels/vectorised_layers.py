"""Attention, GELU and norms by PyTorch's own operations: any device, any precision.

b batch   t num_tokens   h num_heads   c d_head   m channels   d hidden channels   n outputs
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from icl_lab.kernels.reference_layers import visible


def causal_attention(
    q: Float[Tensor, "b t h c"], k: Float[Tensor, "b t h c"], v: Float[Tensor, "b t h c"], *, window: int | None = None
) -> Float[Tensor, "b t h c"]:
    """Scaled dot-product attention, with a mask only where there is a window."""
    q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
    if window is None:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2)
    seen = visible(q.shape[2], window, q.device)
    return F.scaled_dot_product_attention(q, k, v, attn_mask=seen).transpose(1, 2)


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
    """PyTorch's operations, one after the other."""
    return F.linear(F.gelu(F.linear(x, widen, widen_bias), approximate="tanh"), narrow, narrow_bias)


def layer_norm(
    x: Float[Tensor, "*rows m"], gain: Float[Tensor, " m"], offset: Float[Tensor, " m"], epsilon: float
) -> Float[Tensor, "*rows m"]:
    """PyTorch's."""
    return F.layer_norm(x, gain.shape, gain, offset, epsilon)


def rms_norm(x: Float[Tensor, "*rows m"], gain: Float[Tensor, " m"], epsilon: float) -> Float[Tensor, "*rows m"]:
    """PyTorch's; its fused form wants x and gain in one precision."""
    return F.rms_norm(x, gain.shape, gain.to(x.dtype), epsilon)
