"""`PromptBatch`: the one value that every task makes and every predictor reads.

b batch   l length (predictions asked of a prompt)   n num_examples   t num_tokens   d dim of x   o numbers of a label
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from icl_lab.core.errors import UserError

EVALUATION_BATCH = 64
"""Prompts drawn together in an evaluation, 20 of which are the 1,280 of both papers; those of one may share a draw."""


@dataclass(frozen=True)
class Examples:
    """The in-context examples as a classical baseline reads them; prediction i is asked after the first i pairs.

    Args:
        xs: Inputs, `(batch, num_examples, dim)`.
        ys: Labels, `(batch, num_examples)` or `(batch, num_examples, d_output)`.
        asked: What prediction i is asked about, where that is not `xs[:, i]`, `(batch, num_examples, dim)`.
        clean: Which pairs the function made, where others are among them, `(batch, num_examples)`. Only an oracle may
            look at it.
        num_stored: Pairs to learn from, the first so many, where only questions and filler follow; all by default.
    """

    xs: Float[Tensor, "batch num_examples dim"]
    ys: Float[Tensor, "batch num_examples *outputs"]
    asked: Float[Tensor, "batch num_examples dim"] | None = None
    clean: Bool[Tensor, "batch num_examples"] | None = None
    num_stored: int | None = None

    @property
    def queries(self) -> Float[Tensor, "batch num_examples dim"]:
        """The input that prediction i is asked about."""
        return self.xs if self.asked is None else self.asked


@dataclass(frozen=True)
class Branches:
    """Questions beside the prompt: prediction i reads the first `starts[i]` tokens, then a token of its own.

    Nothing that is read on a branch is seen by another prediction.

    Args:
        starts: Tokens of the prompt before branch i, ascending, `(length,)`.
        tokens: The token that branch i goes on with, `(batch, length, d_token)` or ids `(batch, length)`.
        feed_back: How often the output is read again as the next token, filled up with zeros to its width, before the
            prediction is taken.
    """

    starts: Int[Tensor, " length"]
    tokens: Shaped[Tensor, "batch length *features"]
    feed_back: int = 0


@dataclass(frozen=True)
class PromptBatch:
    """A batch of prompts. Prediction i is read at token `queries[i]` and may use the tokens up to it only.

    Args:
        tokens: What a sequence model reads: vectors `(batch, num_tokens, d_token)` or ids `(batch, num_tokens)`.
        queries: Index of the token at which prediction i is asked, `(length,)`.
        targets: What should be predicted there, `(batch, length)` or `(batch, length, d_output)`.
        scored: Whether the prediction counts, `(batch, length)`.
        examples: The pairs behind the tokens, where the task has pairs.
        branches: Where predictions are not asked about the prompt's own tokens; `queries` then says at which token of
            the prompt branch i leaves it.
    """

    tokens: Shaped[Tensor, "batch num_tokens *features"]
    queries: Int[Tensor, " length"]
    targets: Shaped[Tensor, "batch length *outputs"]
    scored: Bool[Tensor, "batch length"]
    examples: Examples | None = None
    branches: Branches | None = None

    @property
    def batch(self) -> int:
        """Number of prompts."""
        return self.tokens.shape[0]

    @property
    def length(self) -> int:
        """Number of predictions asked in each prompt; for function classes, the context length."""
        return self.queries.shape[0]

    def rows(self, rows: slice) -> "PromptBatch":
        """Some of the prompts, in order; how a batch is split over workers or micro-batches."""
        whole = {"queries", "starts"}
        return self._changed(lambda name, tensor: tensor if name in whole else tensor[rows])

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> "PromptBatch":
        """The same prompts on another device or, for what is floating point, in another precision."""
        return self._changed(
            lambda _, tensor: tensor.to(device=device, dtype=dtype if tensor.is_floating_point() else None)
        )

    def _changed(self, change: Callable[[str, Tensor], Tensor]) -> "PromptBatch":
        """The same prompts with every tensor replaced, those of the examples and branches included."""

        def changed(part: "PromptBatch | Examples | Branches") -> dict[str, Any]:
            tensors = {name: value for name, value in vars(part).items() if isinstance(value, Tensor)}
            return {name: change(name, tensor) for name, tensor in tensors.items()}

        examples = self.examples and replace(self.examples, **changed(self.examples))
        branches = self.branches and replace(self.branches, **changed(self.branches))
        return replace(self, **changed(self), examples=examples, branches=branches)


def require_examples(prompts: PromptBatch, who: str) -> Examples:
    """The examples of prompts, for a predictor that cannot do without.

    Raises:
        UserError: There are none, or a number in them is not finite.
    """
    examples = prompts.examples
    if examples is None:
        raise UserError(f"{who} needs prompts with examples (x, y); this task has none")
    if not (examples.xs.isfinite().all() and examples.ys.isfinite().all()):
        raise UserError(f"{who} needs finite examples; some x or y is infinite or not a number")
    return examples
