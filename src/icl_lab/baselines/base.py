"""What a baseline is: a method that sees only the prompt.

b batch   l length   d dim
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered

BASELINES: Registry["Baseline"] = Registry("baseline", "icl_lab.baselines")


@dataclass(frozen=True, kw_only=True)
class Baseline(Registered):
    """A predictor without training: prediction i is fitted on the examples before i, and is 0 where there are none."""

    registry = BASELINES
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""

    @property
    def label(self) -> str:
        """The registered name, with every setting that is not the default: `"ridge(strength=2)"`."""
        return self.short()

    def predict(self, prompts: PromptBatch, shown: Sequence[int] | None = None) -> Float[Tensor, "batch queries"]:
        """Predictions in float64 at every query of every prompt, or at some.

        Computed on the CPU, returned where the targets are.

        Args:
            prompts: Prompts with examples.
            shown: Numbers of examples before the query, ascending; all from 0 to `length - 1` by default.

        Raises:
            UserError: The prompts have no examples (they are not from a function class), an example is not finite, or
                `shown` is not ascending in [0, length).
        """
        if prompts.examples is None:
            raise UserError(f"the baseline {self.label} needs prompts with examples (x, y); this task has none")
        xs, ys = prompts.examples.xs.cpu().double(), prompts.examples.ys.cpu().double()
        if not (xs.isfinite().all() and ys.isfinite().all()):
            raise UserError(f"the baseline {self.label} needs finite examples; some x or y is infinite or not a number")
        chosen = list(range(prompts.length)) if shown is None else list(shown)
        _check_shown(chosen, prompts.length)
        predictions = xs.new_zeros(len(xs), len(chosen))
        fitted = [i for i in chosen if i > 0]
        if fitted:
            predictions[:, len(chosen) - len(fitted) :] = self.predict_examples(xs, ys, fitted)
        return predictions.to(prompts.targets.device)

    @abstractmethod
    def predict_examples(
        self, xs: Float[Tensor, "batch length dim"], ys: Float[Tensor, "batch length"], shown: Sequence[int]
    ) -> Float[Tensor, "batch queries"]:
        """Predictions at x_i from the pairs before i, for every i of `shown`.

        Batched over prompts: no Python loop over them. `ys[:, i]` must not influence prediction i.

        Args:
            xs: Inputs, float64, on the CPU.
            ys: Labels, likewise.
            shown: Values of i, ascending, at least 1.
        """


def _check_shown(shown: list[int], length: int) -> None:
    ascending = all(earlier < later for earlier, later in zip(shown, shown[1:], strict=False))
    if not ascending or any(not 0 <= i < length for i in shown):
        raise UserError(f"shown: expected ascending integers from 0 to {length - 1}, got {shown}")
