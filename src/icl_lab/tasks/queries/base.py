"""What it is to ask, after every prefix, about an input that is not the next example's. b batch   l length   d dim."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered

QUERIES: Registry["Queries"] = Registry("queries", "icl_lab.tasks.queries")

Inputs3d = Float[np.ndarray, "batch length dim"]


@dataclass(frozen=True, kw_only=True)
class Queries(Registered):
    """A distribution of the inputs asked about, given the inputs of the examples.

    Attributes:
        source: Where it comes from.
        moves_inputs: Whether examples or questions are then elsewhere than the task draws them.
    """

    registry = QUERIES
    source: ClassVar[str] = ""
    moves_inputs: ClassVar[bool] = False

    @abstractmethod
    def sample(self, generator: np.random.Generator, xs: Inputs3d) -> tuple[Inputs3d, Inputs3d]:
        """The inputs of the examples, which may be changed, and the input asked about after the first i of them.

        A row of NaN says that there is no such input for that prefix; it is then not scored.

        Args:
            generator: Draws the queries.
            xs: Inputs as the task draws them.
        """
