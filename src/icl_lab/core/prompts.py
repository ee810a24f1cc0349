"""`PromptBatch`: the one value that every task makes and every predictor reads.

b batch   l length (examples in the prompt; a prediction is asked at each)   t num_tokens   d dim of x
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor


@dataclass(frozen=True)
class Examples:
    """The in-context examples as a classical baseline reads them.

    Args:
        xs: Inputs, `(batch, length, dim)`.
        ys: Labels, `(batch, length)`.
    """

    xs: Float[Tensor, "batch length dim"]
    ys: Float[Tensor, "batch length"]


@dataclass(frozen=True)
class PromptBatch:
    """A batch of prompts. Prediction i is read at token `queries[i]` and may use the tokens up to it only.

    Args:
        tokens: What a sequence model reads: vectors `(batch, num_tokens, d_token)` or ids `(batch, num_tokens)`.
        queries: Index of the token at which prediction i is asked, `(length,)`.
        targets: What should be predicted there, `(batch, length)` or `(batch, length, d_output)`.
        scored: Whether the prediction counts, `(batch, length)`.
        examples: The pairs behind the tokens, where the task is a function class.
    """

    tokens: Shaped[Tensor, "batch num_tokens *features"]
    queries: Int[Tensor, " length"]
    targets: Shaped[Tensor, "batch length *outputs"]
    scored: Bool[Tensor, "batch length"]
    examples: Examples | None = None

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
        examples = self.examples and Examples(self.examples.xs[rows], self.examples.ys[rows])
        return replace(
            self, tokens=self.tokens[rows], targets=self.targets[rows], scored=self.scored[rows], examples=examples
        )

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> "PromptBatch":
        """The same prompts on another device or, for what is floating point, in another precision."""

        def moved(tensor: Tensor) -> Tensor:
            return tensor.to(device=device, dtype=dtype if tensor.is_floating_point() else None)

        examples = self.examples and Examples(moved(self.examples.xs), moved(self.examples.ys))
        return PromptBatch(
            tokens=moved(self.tokens),
            queries=moved(self.queries),
            targets=moved(self.targets),
            scored=moved(self.scored),
            examples=examples,
        )
