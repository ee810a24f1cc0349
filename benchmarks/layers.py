"""A Transformer's layers, forward and backward, against PyTorch's own: `python benchmarks/layers.py [--json FILE]`.

Attention, the feed-forward network and the RMS norm; float32 and bfloat16 (autocast's: parameters stay float32).
"""

import math
import time
from collections.abc import Callable
from functools import partial

import torch
from measure import Timing, arguments, finish, interleave, show
from torch import Tensor

from icl_lab.kernels import native_layers, vectorised_layers

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def forward_and_backward(function: Callable[..., Tensor], tensors: list[Tensor]) -> Callable[[], object]:
    """One call with gradients of all tensors."""
    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    grad = torch.ones_like(function(*leaves))

    def run() -> None:
        torch.autograd.grad(function(*leaves), leaves, grad)

    return run


def products_and_softmax(qkv: Tensor) -> Tensor:
    """Attention by batched matrix products and a softmax, which keeps all scores: the other way in PyTorch."""
    q, k, v = (x.transpose(1, 2) for x in qkv.unbind(2))
    num_tokens, d_head = q.shape[2], q.shape[3]
    mask = torch.full((num_tokens, num_tokens), -math.inf, dtype=q.dtype).triu(1)
    return (((q @ k.mT) / math.sqrt(d_head) + mask).softmax(-1) @ v).transpose(1, 2)


def normal(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Standard normal numbers, always the same."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(dtype)


def attention(rounds: int, patience: float) -> list[Timing]:
    """Self-attention at the lengths of in-context learning."""
    timings = []
    for shape in ((64, 81, 8, 16), (64, 81, 8, 32), (64, 201, 4, 64), (8, 300, 8, 32), (2, 1024, 4, 64)):
        batch, num_tokens, num_heads, d_head = shape
        for name, dtype in PRECISIONS.items():
            given = [normal(batch, num_tokens, 3, num_heads, d_head, dtype=dtype)]
            cases = {
                "native": forward_and_backward(native_layers.causal_self_attention, given),
                "scaled_dot_product_attention": forward_and_backward(vectorised_layers.causal_self_attention, given),
                "products and softmax": forward_and_backward(products_and_softmax, given),
            }
            timings += interleave(f"attention, {name}, {shape}", cases, rounds=rounds, patience=patience)
    return timings


def feed_forward(rounds: int, patience: float) -> list[Timing]:
    """The feed-forward network, and the three matrix products of each of its maps alone."""
    timings = []
    for channels in (128, 256):
        hidden = 4 * channels
        shapes = ((64 * 81, channels), (hidden, channels), (hidden,), (channels, hidden), (channels,))
        for name, dtype in PRECISIONS.items():
            given = [normal(*shape, dtype=dtype) for shape in shapes]
            cases = {
                "native": forward_and_backward(native_layers.gelu_mlp, given),
                "torch": forward_and_backward(vectorised_layers.gelu_mlp, given),
                "matrix products alone": lambda given=given: products_of_maps(*given),
            }
            what = f"feed-forward network, {name}, (64, 81, {channels})"
            timings += interleave(what, cases, rounds=rounds, patience=patience)
    return timings


def products_of_maps(x: Tensor, widen: Tensor, _: Tensor, narrow: Tensor, __: Tensor) -> None:
    """Forward, and the two of each backward."""
    hidden = x @ widen.T
    y = hidden @ narrow.T
    for grad, weight, inputs in ((y, narrow, hidden), (hidden, widen, x)):
        _ = grad @ weight
        _ = grad.T @ inputs


def norms(rounds: int, patience: float) -> list[Timing]:
    """RMS norm; layer norm is PyTorch's."""
    timings = []
    for channels in (128, 256):
        for name, dtype in PRECISIONS.items():
            given = [normal(64, 81, channels, dtype=dtype), normal(channels)]
            cases = {
                who: forward_and_backward(partial(backend.rms_norm, epsilon=1e-5), given)
                for who, backend in (("native", native_layers), ("torch", vectorised_layers))
            }
            timings += interleave(f"RMS norm, {name}, (64, 81, {channels})", cases, rounds=rounds, patience=patience)
    return timings


def main() -> None:
    """Run what was asked for, print, and write."""
    chosen = arguments(__doc__ or "")
    began = time.perf_counter()
    timings: list[Timing] = []
    for name, section in (("attention", attention), ("feed_forward", feed_forward), ("norms", norms)):
        if chosen.only in name:
            timings += section(chosen.rounds, chosen.patience)
    show(timings)
    finish(timings, {"seconds for all of this": time.perf_counter() - began}, chosen.json)


if __name__ == "__main__":
    main()
