"""How many floating point operations operators take, for `torch.utils.flop_counter.FlopCounterMode`.

All counting goes through `counting`, which sees what PyTorch's counter alone would take for nothing: fused recurrent
layers, Fourier transforms, and the fused attention of CPUs.

A multiplication, an addition and an exponential count one each. The matrix products inside `mamba_inner` are counted as
PyTorch counts them elsewhere: two operations a multiplication-addition, twice as many again in the backward pass. A
complex transform of n numbers counts 5 n log2 n, a real one half, as benchmarks of FFTs do (Frigo
& Johnson 2005, "The design and implementation of FFTW3"). Where a long convolution goes over from a matrix product to
transforms, at 129 tokens, it takes fewer operations, and so fewer are counted.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from math import log2, prod
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode, register_flop_formula

from icl_lab.kernels.backend import COUNTED, using

Shape = Sequence[int]

# Prompts of a training batch, over which what is computed once a batch is spread.
BATCH = 64


@contextmanager
def counting() -> Iterator[FlopCounterMode]:
    """Count operations, forward and backward, on the PyTorch form of every kernel, so that any machine counts the same.

    Attention is counted in full, without the half that a causal mask spares: the counter knows the plain form only.
    """
    register_transforms()
    with _unfused(), sdpa_kernel(SDPBackend.MATH), using(COUNTED), FlopCounterMode(display=False) as counter:
        yield counter


@contextmanager
def _unfused() -> Iterator[None]:
    """Without the libraries that fuse recurrent layers: these are then products, which the counter sees."""
    libraries: tuple[Any, ...] = (torch.backends.mkldnn, torch.backends.cudnn)
    before = [library.enabled for library in libraries]
    try:
        for library in libraries:
            library.enabled = False
        yield
    finally:
        for library, enabled in zip(libraries, before, strict=True):
            library.enabled = enabled


@dataclass(frozen=True)
class Operations:
    """Operations of a batch.

    Args:
        every: That every prompt adds.
        once: That a batch does once, such as those of the filter of a long convolution.
    """

    every: int
    once: int

    def __add__(self, other: "Operations") -> "Operations":
        return Operations(self.every + other.every, self.once + other.once)

    @property
    def a_prompt(self) -> int:
        """Operations a prompt where `BATCH` of them are computed together."""
        return self.every + round(self.once / BATCH)


def count_operations(compute: Callable[[int], object]) -> Operations:
    """The operations of a computation, which a batch of one and a batch of two tell apart.

    Args:
        compute: Computes a batch of so many prompts.
    """
    counts = []
    for batch in (1, 2):
        with counting() as counter:
            compute(batch)
        counts.append(counter.get_total_flops())
    one, two = counts
    return Operations(every=two - one, once=2 * one - two)


# A state and token: dt A, exp, decay h, dt u B and its sum (2), C h and its sum (2).
SCAN_FORWARD = 7
# The seven again, then: dC, lambda, the sum over B, dB (2 each), lambda a, lambda a h, and two sums with it (2 each).
SCAN_BACKWARD = 7 + 14


def scan_flops(u: Shape, A: Shape) -> int:
    """Forward pass of a scan over inputs (batch, num_tokens, channels) with decay rates (channels, d_state)."""
    return SCAN_FORWARD * prod(u) * A[1]


def scan_backward_flops(u: Shape, A: Shape) -> int:
    """Backward pass of the same scan, with the states it recomputes."""
    return SCAN_BACKWARD * prod(u) * A[1]


def convolution_flops(x: Shape, weight: Shape) -> int:
    """Forward pass of a causal convolution of (batch, num_tokens, channels) with (channels, width)."""
    return 2 * prod(x) * weight[1]


def inner_products(xz: Shape, x_proj: Shape, dt_proj: Shape) -> int:
    """The two matrix products inside `mamba_inner`, forward."""
    return 2 * prod(xz[:2]) * (prod(x_proj) + prod(dt_proj))


def inner_flops(xz: Shape, conv_weight: Shape, x_proj: Shape, dt_proj: Shape, A: Shape) -> int:
    """Forward pass of `mamba_inner`."""
    inside = (*xz[:2], A[0])
    return convolution_flops(inside, conv_weight) + inner_products(xz, x_proj, dt_proj) + scan_flops(inside, A)


def inner_backward_flops(xz: Shape, conv_weight: Shape, x_proj: Shape, dt_proj: Shape, A: Shape) -> int:
    """Backward pass of `mamba_inner`: the convolution is recomputed, the products are not."""
    inside = (*xz[:2], A[0])
    products = 2 * inner_products(xz, x_proj, dt_proj)
    return 3 * convolution_flops(inside, conv_weight) + products + scan_backward_flops(inside, A)


def transform_flops(shape: Shape, dims: Sequence[int], *, real: bool) -> int:
    """Fourier transforms along some axes of an array, whose real side has this shape."""
    points = prod(shape[dim] for dim in dims)
    return round((2.5 if real else 5) * prod(shape) * log2(points)) if points > 1 else 0


@cache
def register_transforms() -> None:
    """Tell PyTorch's counter about its own Fourier transforms, once."""
    operators = torch.ops.aten

    @register_flop_formula(operators._fft_c2c)
    def _(x, dims, *rest, **_):  # type: ignore[no-untyped-def]
        return transform_flops(x, dims, real=False)

    @register_flop_formula(operators._fft_r2c)
    def _(x, dims, *rest, **_):  # type: ignore[no-untyped-def]
        return transform_flops(x, dims, real=True)

    @register_flop_formula(operators._fft_c2r)
    def _(x, dims, normalization, last_dim_size, *rest, out_shape, **_):  # type: ignore[no-untyped-def]
        return transform_flops(out_shape, dims, real=True)


@cache
def register() -> None:
    """Tell PyTorch's counter about the native operators, once."""
    operators = torch.ops.icl_lab

    @register_flop_formula(operators.selective_scan)
    def _(u, dt, A, *rest, **_):  # type: ignore[no-untyped-def]
        return scan_flops(u, A)

    @register_flop_formula(operators.selective_scan_backward)
    def _(grad_y, grad_state, u, dt, A, *rest, **_):  # type: ignore[no-untyped-def]
        return scan_backward_flops(u, A)

    @register_flop_formula(operators.causal_conv1d)
    def _(x, weight, *rest, **_):  # type: ignore[no-untyped-def]
        return convolution_flops(x, weight)

    @register_flop_formula(operators.causal_conv1d_backward)
    def _(grad_y, x, weight, *rest, **_):  # type: ignore[no-untyped-def]
        return 3 * convolution_flops(x, weight)

    @register_flop_formula(operators.mamba_inner)
    def _(xz, conv_weight, conv_bias, x_proj, dt_proj, dt_bias, A, *rest, **_):  # type: ignore[no-untyped-def]
        return inner_flops(xz, conv_weight, x_proj, dt_proj, A)

    @register_flop_formula(operators.mamba_inner_backward)
    def _(grad_y, xz, conv_weight, conv_bias, x_proj, dt_proj, dt_bias, A, *rest, **_):  # type: ignore[no-untyped-def]
        return inner_backward_flops(xz, conv_weight, x_proj, dt_proj, A)


def attention_flops(q: Shape) -> int:
    """Forward pass of attention over (batch, num_tokens, heads, d_head), masked pairs counted, as PyTorch counts it."""
    return 4 * prod(q) * q[1]


def recurrence_flops(q: Shape, v: Shape, left: Shape | None, right: Shape | None) -> int:
    """Forward pass of a matrix-valued recurrence: each number of the state decays (1), is added to (2) and read (2)."""
    return prod(v) * q[3] * (5 + 2 * (left is not None) + 2 * (right is not None))


def recurrence_backward_flops(q: Shape, v: Shape, left: Shape | None, right: Shape | None) -> int:
    """Backward pass of the same, with the states it recomputes (3, and 2 where there is a left).

    Gradients of q, k, v and decays, and what q adds to that of the state, 2 each; decay, 1. With a left, its gradient
    and that of what is read; with a right, its gradient, and what it adds.
    """
    return prod(v) * q[3] * (14 + 6 * (left is not None) + 4 * (right is not None))


@cache
def register_recurrence() -> None:
    """Tell PyTorch's counter about the native matrix-valued recurrence, once."""
    operators = torch.ops.icl_lab

    @register_flop_formula(operators.matrix_recurrence)
    def _(q, k, v, log_decay, left, right, *rest, **_):  # type: ignore[no-untyped-def]
        return recurrence_flops(q, v, left, right)

    @register_flop_formula(operators.matrix_recurrence_backward)
    def _(grad_o, grad_state, q, k, v, log_decay, left, right, *rest, **_):  # type: ignore[no-untyped-def]
        return recurrence_backward_flops(q, v, left, right)


@cache
def register_layers() -> None:
    """Tell PyTorch's counter about the native layers; scores that the backward pass computes again are not counted."""
    operators = torch.ops.icl_lab

    @register_flop_formula(operators.causal_attention)
    def _(q, *rest, **_):  # type: ignore[no-untyped-def]
        return attention_flops(q)

    @register_flop_formula(operators.causal_attention_backward)
    def _(grad_y, *rest, **_):  # type: ignore[no-untyped-def]
        return 2 * attention_flops(grad_y)

    @register_flop_formula(operators.causal_self_attention)
    def _(qkv, *rest, **_):  # type: ignore[no-untyped-def]
        return attention_flops(qkv) // 3

    @register_flop_formula(operators.causal_self_attention_backward)
    def _(grad_y, *rest, **_):  # type: ignore[no-untyped-def]
        return 2 * attention_flops(grad_y)

    @register_flop_formula(operators.gelu_mlp)
    def _(x, widen, widen_bias, narrow, *rest, **_):  # type: ignore[no-untyped-def]
        return 2 * x[0] * (prod(widen) + prod(narrow))

    @register_flop_formula(operators.gelu_mlp_backward)
    def _(grad_y, x, widen, widen_bias, narrow, *rest, **_):  # type: ignore[no-untyped-def]
        return 4 * x[0] * (prod(widen) + prod(narrow))
