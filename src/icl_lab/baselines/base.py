"""What a baseline is: a method that sees only the prompt.

b batch   l length   d dim   o numbers of a label
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
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
        refits: Whether it starts anew, at a cost, after each example. An evaluation may then ask at some prefixes only.
        is_oracle: Whether it knows of the prompt what no learner is told.
        knows: What an oracle is told, to be read after "knows"; empty for everyone else.
        draws: Whether it draws random numbers, from a stream of its own `seed`. It is then neither exact nor does it
            treat the coordinates of x alike.
        told: The fields that say what the task is, not how the method works: another value is about other prompts.
        ordered: Whether it depends on the order of the examples.
    """

    registry = BASELINES
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""
    refits: ClassVar[bool] = False
    is_oracle: ClassVar[bool] = False
    knows: ClassVar[str] = ""
    draws: ClassVar[bool] = False
    told: ClassVar[tuple[str, ...]] = ()
    ordered: ClassVar[bool] = False

    @property
    def label(self) -> str:
        """The registered name, with every setting that is not the default: `"ridge(strength=2)"`."""
        return self.short()

    def check_dim(self, dim: int) -> None:
        """Refuse a number of coordinates for which this baseline cannot be had.

        Raises:
            UserError: With what there is and what to do.
        """

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
    """A baseline that reads examples (x, y): prediction i is fitted on the pairs before i, and is 0 without any.

    Where only questions and filler follow the first pairs (`Examples.num_stored`), it is fitted on those pairs alone.
    """

    def answers(self, prompts: PromptBatch, shown: Sequence[int]) -> Float[Tensor, "batch queries *outputs"]:
        examples = require_examples(prompts, f"the baseline {self.label}")
        xs, ys, queries = (part.double() for part in (examples.xs, examples.ys, examples.queries))
        predictions = xs.new_zeros(len(xs), len(shown), *ys.shape[2:])
        predict = self.predict_vectors if ys.ndim == 3 else self.predict_examples
        stored = xs.shape[1] if examples.num_stored is None else examples.num_stored
        places = [place for place, i in enumerate(shown) if 0 < i <= stored]
        if places:
            predictions[:, places] = predict(xs, ys, queries, [shown[place] for place in places])
        for place, i in enumerate(shown):
            if i > stored > 0:
                asked = torch.cat([queries[:, :stored], queries[:, i : i + 1]], dim=1)
                first = slice(stored + 1)
                predictions[:, place] = predict(xs[:, first], ys[:, first], asked, [stored])[:, 0]
        return predictions

    def predict_vectors(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length outputs"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries outputs"]:
        """The same for labels of several numbers, by default as many problems of one number; see `predict_examples`."""
        return torch.stack([self.predict_examples(xs, y, queries, shown) for y in ys.unbind(2)], dim=2)

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


@dataclass(frozen=True, kw_only=True)
class LinearBaseline(ExampleBaseline):
    """A baseline whose prediction is w.x, with a w that it finds from the examples."""

    @abstractmethod
    def weights(
        self, xs: Float[Tensor, "batch length dim"], ys: Float[Tensor, "batch length"], shown: Sequence[int]
    ) -> Iterator[Float[Tensor, "batch dim"]]:
        """W from the first i pairs, for every i of `shown`; arguments as for `predict_examples`."""

    def predict_examples(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries"]:
        found = self.weights(xs, ys, shown)
        return torch.stack([(queries[:, i] * w).sum(-1) for i, w in zip(shown, found, strict=True)], dim=1)


def chunks(count: int, size: int, most: int) -> list[slice]:
    """Consecutive rows, as many at a time as fit, at least one.

    Args:
        count: Rows in all.
        size: Numbers that one row needs.
        most: Numbers held at once.

    >>> chunks(5, size=10, most=20)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 6, None)]
    """
    rows = max(1, most // max(1, size))
    return [slice(first, first + rows) for first in range(0, count, rows)]


def _check_shown(shown: list[int], length: int) -> None:
    ascending = all(earlier < later for earlier, later in zip(shown, shown[1:], strict=False))
    if not ascending or any(not 0 <= i < length for i in shown):
        raise UserError(f"shown: expected ascending integers from 0 to {length - 1}, got {shown}")
