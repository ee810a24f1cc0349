"""What a baseline is: a method that sees only the prompt.

b batch   l length   d dim
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered

BASELINES: Registry["Baseline"] = Registry("baseline", "icl_lab.baselines")


@dataclass(frozen=True, kw_only=True)
class Baseline(Registered):
    """A predictor without training: prediction i is fitted on the examples before i; it is 0 before the first example."""

    registry = BASELINES
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""

    @property
    def label(self) -> str:
        """The registered name, with every setting that is not the default: `"ridge(strength=2.0)"`."""
        return self.short()

    def predict(self, prompts: PromptBatch) -> Float[Tensor, "batch length"]:
        """Predictions in float64 at every query of every prompt.

        Raises:
            UserError: The prompts have no examples (they are not from a function class).
        """
        if prompts.examples is None:
            raise UserError(f"the baseline {self.label} needs prompts with examples (x, y); this task has none")
        xs, ys = prompts.examples.xs.double(), prompts.examples.ys.double()
        predictions = self.predict_examples(xs, ys)
        return torch.cat([torch.zeros_like(predictions[:, :1]), predictions[:, 1:]], dim=1)

    @abstractmethod
    def predict_examples(
        self, xs: Float[Tensor, "batch length dim"], ys: Float[Tensor, "batch length"]
    ) -> Float[Tensor, "batch length"]:
        """Predictions at every x_i from the pairs before i; what is returned at i = 0 is not used.

        Batched over prompts: no Python loop over them. `ys[:, i]` must not influence prediction i.
        """
