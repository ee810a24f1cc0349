"""What a baseline is: a method that sees only the prompt.

b batch   l length   d dim   o numbers of a label
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch, require_examples
from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered

BASELINES: Registry["Baseline"] = Registry("baseline", "icl_lab.baselines")


@dataclass(frozen=True, kw_only=True)
class Baseline(Registered):
    """A predictor without training: it sees the prompt and nothing else.

    Attributes:
        formula: What it computes, in one line.
        source: Where it comes from.
        refits: Whether it trains something anew after every example. An evaluation may then ask at some prefixes only.
        is_oracle: Whether it knows of the prompt what no learner is told.
        draws: Whether it draws random numbers, from a stream of its own `seed`. It is then neither exact nor does it
            treat the coordinates of x alike.
    """

    registry = BASELINES
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""
    refits: ClassVar[bool] = False
    is_oracle: ClassVar[bool] = False
    draws: ClassVar[bool] = False

    @property
    def label(self) -> str:
        """The registered name, with every setting that is not the default: `"ridge(strength=2)"`."""
        return self.short()

    def predict(
        self, prompts: PromptBatch, shown: Sequence[int] | None = None
    ) -> Float[Tensor, "batch queries *outputs"]:
        """Predictions in float64 at every query of every prompt, or at some.

        Computed on the CPU, returned where the targets are.

        Args:
            prompts: The prompts.
            shown: Which queries, by their place in the prompt, ascending; all from 0 to `length - 1` by default.

        Raises:
            UserError: The prompts have nothing that this baseline can read, or `shown` is not ascending in [0, length).
        """
        chosen = list(range(prompts.length)) if shown is None else list(shown)
        _check_shown(chosen, prompts.length)
        return self.answers(prompts.to("cpu"), chosen).double().to(prompts.targets.device)

    @abstractmethod
    def answers(self, prompts: PromptBatch, shown: Sequence[int]) -> Float[Tensor, "batch queries *outputs"]:
        """Predictions at some queries of prompts on the CPU; nothing after a query may influence its answer.

        Args:
            prompts: The prompts.
            shown: Which queries, ascending.
        """


@dataclass(frozen=True, kw_only=True)
class ExampleBaseline(Baseline):
    """A baseline that reads examples (x, y): prediction i is fitted on the pairs before i, and is 0 without any."""

    def answers(self, prompts: PromptBatch, shown: Sequence[int]) -> Float[Tensor, "batch queries *outputs"]:
        examples = require_examples(prompts, f"the baseline {self.label}")
        xs, ys, queries = (part.double() for part in (examples.xs, examples.ys, examples.queries))
        if ys.ndim == 3:  # a vector is as many problems as it has numbers
            columns = [self._from_first(xs, y, queries, shown) for y in ys.unbind(2)]
            return torch.stack(columns, dim=2)
        return self._from_first(xs, ys, queries, shown)

    def _from_first(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries"]:
        predictions = xs.new_zeros(len(xs), len(shown))
        fitted = [i for i in shown if i > 0]
        if fitted:
            predictions[:, len(shown) - len(fitted) :] = self.predict_examples(xs, ys, queries, fitted)
        return predictions

    @abstractmethod
    def predict_examples(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries"]:
        """Predictions at `queries[:, i]` from the pairs before i, for every i of `shown`.

        Batched over prompts: no Python loop over them. `xs[:, i]` and `ys[:, i]` must not influence prediction i.

        Args:
            xs: Inputs, float64.
            ys: Labels, likewise.
            queries: What is asked about after i examples; mostly `xs` itself.
            shown: Values of i, ascending, at least 1.
        """


def _check_shown(shown: list[int], length: int) -> None:
    ascending = all(earlier < later for earlier, later in zip(shown, shown[1:], strict=False))
    if not ascending or any(not 0 <= i < length for i in shown):
        raise UserError(f"shown: expected ascending integers from 0 to {length - 1}, got {shown}")
