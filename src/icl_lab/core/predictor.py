"""One interface for networks and baselines, so that all are asked the same questions about the same prompts."""

from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from icl_lab.core.prompts import PromptBatch


@runtime_checkable
class Predictor(Protocol):
    """Anything that answers prompts.

    Attributes:
        label: The word for it in tables, figures and records.
    """

    @property
    def label(self) -> str: ...

    def predict(self, prompts: PromptBatch) -> Float[Tensor, "batch length *outputs"]:
        """Predictions at the queries; prediction i uses the tokens (or examples) before query i and query i itself."""
        ...
