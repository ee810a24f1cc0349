"""Layouts: how examples become the sequence of tokens that a model reads.

b batch   l length   d dim
"""

import torch
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor

from icl_lab.core.prompts import Branches, Examples, PromptBatch


def interleave(
    examples: Examples,
    targets: Float[Tensor, "b l *outputs"] | None = None,
    scored: Bool[Tensor, "b l"] | None = None,
) -> PromptBatch:
    """Two tokens an example: x_i, then its label (y_i, 0, ..., 0); prediction i is asked at the token of x_i.

    The last label is fed too; nothing after it is read (Garg et al. 2022, section 2). Where the examples are asked
    about other inputs than their own, prediction i is asked on a branch that leaves the prompt before x_i.

    Args:
        examples: Inputs and labels; labels may be vectors of at most the width of the inputs.
        targets: What should be predicted; the labels by default.
        scored: Which predictions count; all by default.
    """
    xs, ys = examples.xs, examples.ys
    tokens = rearrange([xs, pad(ys, xs.shape[2])], "two b l d -> b (l two) d")
    queries = torch.arange(0, 2 * xs.shape[1], 2, device=xs.device)
    return PromptBatch(
        tokens=tokens,
        queries=queries,
        targets=ys if targets is None else targets,
        scored=torch.ones(xs.shape[:2], dtype=torch.bool, device=xs.device) if scored is None else scored,
        examples=examples,
        branches=None if examples.asked is None else Branches(starts=queries, tokens=examples.asked),
    )


def in_pairs(prompts: PromptBatch) -> bool:
    """Whether prompts are x_1, y_1, x_2, y_2, ...: what asks is every other token, and its label comes next."""
    tokens, count = prompts.tokens, len(prompts.queries)
    examples = prompts.examples
    # A question on a branch has an answer that is not in the prompt.
    labels = examples.ys if examples is not None and examples.asked is not None else prompts.targets
    if tokens.ndim != 3 or tokens.shape[1] != 2 * count or not labels.is_floating_point():
        return False
    at_x = torch.arange(0, 2 * count, 2, device=prompts.queries.device)
    scored = prompts.scored
    return torch.equal(prompts.queries, at_x) and torch.equal(
        pad(labels, tokens.shape[2])[scored], tokens[:, 1::2][scored]
    )


def pad(values: Float[Tensor, "b l *outputs"], width: int) -> Float[Tensor, "b l width"]:
    """Numbers or vectors as vectors of a given width, zeros behind them."""
    vectors = values[..., None] if values.ndim == 2 else values
    assert vectors.shape[2] <= width
    padded = vectors.new_zeros(*vectors.shape[:2], width)
    padded[..., : vectors.shape[2]] = vectors
    return padded
