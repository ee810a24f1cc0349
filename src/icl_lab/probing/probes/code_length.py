"""How easily a target is read: bits that a linear probe saves when targets are sent one block after the other.

Minimum description length by an online code (Voita & Titov 2020, arXiv 2003.12298, section 2.2): each block of rows is
coded with a Gaussian around what a probe fitted on all rows before says. A probe that needs few rows has the shorter
code, which accuracy alone does not show. Numbers are coded with equal precision, which drops out of the difference.

r rows   m activations   n numbers of a target
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.probing.probes.ridge import fit

SHARES = (0.0625, 0.125, 0.25, 0.5, 1.0)
"""Where blocks of rows end; the first block is known to both sides."""
# Of the target's variance: below it a code for numbers of single precision would not be shorter.
SMALLEST = 1e-10


def bits_saved(x: Float[Tensor, "r m"], y: Float[Tensor, "r n"]) -> float:
    """Bits a number saved by the probe's code against that of the mean alone; 0 or less where it knows nothing."""
    ends = [max(2, round(share * len(x))) for share in SHARES]
    y = y.double()
    total, count = 0.0, 0
    for begin, end in zip(ends, ends[1:], strict=False):
        known, sent = slice(0, begin), slice(begin, end)
        if end <= begin:
            continue
        # How far off a probe is on rows it has not seen is learned from the last of those that are known.
        split = max(1, 3 * begin // 4)
        early = fit(x[:split], y[:split])
        probe = fit(x[known], y[known])
        mean = y[known].mean(0)
        variance = y[known].var(0, correction=0).clamp(min=1e-30)
        off = (early.predict(x[split:begin].double()) - y[split:begin]).square().mean(0)
        off = off.clamp(min=0).maximum(SMALLEST * variance)
        ours = _bits(y[sent] - probe.predict(x[sent].double()), off)
        plain = _bits(y[sent] - mean, variance)
        total += float((plain - ours).sum())
        count += ours.numel()
    return total / max(1, count)


def _bits(errors: Float[Tensor, "r n"], variance: Float[Tensor, " n"]) -> Float[Tensor, "r n"]:
    """Minus the logarithm (base 2) of the Gaussian density."""
    return (0.5 * errors.square() / variance + 0.5 * (2 * math.pi * variance).log()) / math.log(2)


def variance_explained(predicted: Float[Tensor, "*p r n"], y: Float[Tensor, "*p r n"]) -> Float[Tensor, "*p"]:
    """R^2 over all numbers of a target: 1 for a perfect probe, 0 for the mean; 0 where nothing varies."""
    errors = (predicted - y).square().sum((-2, -1))
    spread = (y - y.mean(-2, keepdim=True)).square().sum((-2, -1))
    return torch.where(spread > 0, 1 - errors / torch.where(spread > 0, spread, 1.0), 0.0)
