"""Inputs for the kernels of a Transformer's layers."""

import torch

from tests.unit.kernels.problems import Tensors


def attention_inputs(batch: int, num_tokens: int, num_heads: int, d_head: int, *, spread: float = 1.0) -> Tensors:
    """Queries, keys and values; scores have a standard deviation of the square of `spread`."""
    generator = torch.Generator().manual_seed(100 * num_tokens + 10 * num_heads + d_head)
    shape = (batch, num_tokens, num_heads, d_head)
    q, k, v = (torch.randn(shape, generator=generator) for _ in range(3))
    return {"q": q * spread, "k": k * spread, "v": v}


def packed(given: Tensors) -> Tensors:
    """The same as one tensor."""
    return {"qkv": torch.stack([given["q"], given["k"], given["v"]], dim=2)}


def mlp_inputs(num_rows: int, channels: int, hidden: int, outputs: int) -> Tensors:
    """Rows and the two linear maps of a feed-forward network."""
    generator = torch.Generator().manual_seed(100 * num_rows + channels)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    return {
        "x": normal(num_rows, channels),
        "widen": normal(hidden, channels) / channels**0.5,
        "widen_bias": normal(hidden),
        "narrow": normal(outputs, hidden) / hidden**0.5,
        "narrow_bias": normal(outputs),
    }


def norm_inputs(num_rows: int, channels: int, *, layer: bool) -> Tensors:
    """Rows far from zero, and the parameters of a norm."""
    generator = torch.Generator().manual_seed(100 * num_rows + channels)
    x, gain, offset = (torch.randn(shape, generator=generator) for shape in ((num_rows, channels), channels, channels))
    return {"x": 3 * x + 2, "gain": gain} | ({"offset": offset} if layer else {})
