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
    """A distribution over the inputs of a prompt.

    Every coordinate of x has second moment 1, over all that is random in the distribution; the expected squared norm of
    x is therefore `dim`, and that of the first m coordinates is m.
    """

    registry = INPUTS

    @property
    def shared_draws(self) -> bool:
        """Whether the prompts of a batch have a random draw in common."""
        return False

    def check(self, dim: int) -> None:
        """Refuse a number of coordinates that this distribution cannot have.

        Raises:
            UserError: With the field, the value and the allowed range.
        """

    def fourth_moment(self, dim: int) -> float:
        """Mean of x_j^4 over the coordinates and all that is random; 3 where coordinates are standard normal.

        Args:
            dim: Number of coordinates.
        """
        return 3.0

    @abstractmethod
    def sample(
        self, generator: np.random.Generator, batch: int, length: int, dim: int
    ) -> Float[np.ndarray, "batch length dim"]:
        """Inputs of `batch` prompts, float64."""
