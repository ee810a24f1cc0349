"""What a distribution of inputs is. b batch   l length   d dim."""

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered

INPUTS: Registry["Inputs"] = Registry("inputs", "icl_lab.tasks.inputs")


@dataclass(frozen=True, kw_only=True)
class Inputs(Registered):
    """A distribution over the inputs of a prompt, scaled so that the expected squared norm of x is `dim`."""

    registry = INPUTS

    @abstractmethod
    def sample(
        self, generator: np.random.Generator, batch: int, length: int, dim: int
    ) -> Float[np.ndarray, "batch length dim"]:
        """Inputs of `batch` prompts, float64."""
