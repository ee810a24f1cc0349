"""Attention, GELU and norms on a CPU through the native library: parameters to float32, then one operator each.

b batch   t num_tokens   h num_heads   c d_head   m channels   n outputs
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from icl_lab.kernels import flops, native_activation, native_attention, native_norm, vectorised_layers

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


def linear_gelu(
    x: Float[Tensor, "*rows m"], weight: Float[Tensor, "n m"], bias: Float[Tensor, " n"]
) -> Float[Tensor, "*rows n"]:
    """The bias is added with the activation: a matrix product would first write it to every row of its result."""
    u = F.linear(x, weight)
    y: Tensor = native_activation.gelu_forward(u, _single(bias))
    return y


def layer_norm(
    x: Float[Tensor, "*rows m"], gain: Float[Tensor, " m"], offset: Float[Tensor, " m"], epsilon: float
) -> Float[Tensor, "*rows m"]:
    """One operator."""
    y: Tensor = native_norm.norm_forward(x, _single(gain), _single(offset), epsilon)
    return y


def rms_norm(x: Float[Tensor, "*rows m"], gain: Float[Tensor, " m"], epsilon: float) -> Float[Tensor, "*rows m"]:
    """One operator; without an offset it leaves the mean where it is."""
    y: Tensor = native_norm.norm_forward(x, _single(gain), None, epsilon)
    return y
