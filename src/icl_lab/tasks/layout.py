"""Layouts: how examples become the sequence of tokens that a model reads.

b batch   l length   d dim
"""

import torch
from einops import rearrange

from icl_lab.core.prompts import Examples, PromptBatch


def interleave(examples: Examples) -> PromptBatch:
    """Two tokens an example: x_i, then (y_i, 0, ..., 0); prediction i is asked at the token of x_i.

    The last label is fed too; nothing after it is read (Garg et al. 2022, section 2).
    """
    xs, ys = examples.xs, examples.ys
    labels = torch.zeros_like(xs)
    labels[..., 0] = ys
    tokens = rearrange([xs, labels], "two b l d -> b (l two) d")
    return PromptBatch(
        tokens=tokens,
        queries=torch.arange(0, 2 * xs.shape[1], 2, device=xs.device),
        targets=ys,
        scored=torch.ones_like(ys, dtype=torch.bool),
        examples=examples,
    )
