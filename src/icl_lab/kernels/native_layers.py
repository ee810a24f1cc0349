"""Attention, the feed-forward network and RMS norm on a CPU through the native library, one operator each.

b batch   t num_tokens   h num_heads   c d_head   m channels   d hidden channels   n outputs
"""

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.kernels import flops, native_attention, native_mlp, native_norm, vectorised_layers

# PyTorch's own is as fast as a kernel of ours was (0.9 to 1.1 times), with less around it.
layer_norm = vectorised_layers.layer_norm

MAX_TOKENS = 1024  # longer sequences are left to PyTorch, which splits a head's work among threads

flops.register_layers()


def _single(parameter: Tensor) -> Tensor:
    return parameter.to(torch.float32).contiguous()


def causal_attention(
    q: Float[Tensor, "b t h c"], k: Float[Tensor, "b t h c"], v: Float[Tensor, "b t h c"], *, window: int | None = None
) -> Float[Tensor, "b t h c"]:
    """One operator, which looks at no pair that is out of sight."""
    if q.shape[1] > MAX_TOKENS:
        return vectorised_layers.causal_attention(q, k, v, window=window)
    y: Tensor = native_attention.attention_forward(q, k, v, window or q.shape[1])[0]
    return y


def causal_self_attention(
    qkv: Float[Tensor, "b t three h c"], *, window: int | None = None
) -> Float[Tensor, "b t h c"]:
    """One operator, whose backward pass writes the three gradients where the linear map reads them."""
    if qkv.shape[1] > MAX_TOKENS:
        return vectorised_layers.causal_self_attention(qkv, window=window)
    y: Tensor = native_attention.self_attention_forward(qkv, window or qkv.shape[1])[0]
    return y


def gelu_mlp(
    x: Float[Tensor, "*rows m"],
    widen: Float[Tensor, "d m"],
    widen_bias: Float[Tensor, " d"],
    narrow: Float[Tensor, "n d"],
    narrow_bias: Float[Tensor, " n"],
) -> Float[Tensor, "*rows n"]:
    """One operator; matrix products in the precision of autocast where it is on, of x elsewhere."""
    dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
    if dtype not in (torch.float32, torch.bfloat16):
        return vectorised_layers.gelu_mlp(x, widen, widen_bias, narrow, narrow_bias)
    flat = x.to(dtype).reshape(-1, x.shape[-1])
    given = (flat, widen.to(dtype), _single(widen_bias), narrow.to(dtype), narrow_bias.to(dtype))
    keep = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given)
    with torch.autocast("cpu", enabled=False):
        y: Tensor = native_mlp.mlp_forward(*given, keep)[0]
    return y.reshape(*x.shape[:-1], narrow.shape[0])


def rms_norm(x: Float[Tensor, "*rows m"], gain: Float[Tensor, " m"], epsilon: float) -> Float[Tensor, "*rows m"]:
    """One operator; PyTorch's takes three to six times as long, most of it going backward."""
    y: Tensor = native_norm.norm_forward(x, _single(gain), epsilon)
    return y
