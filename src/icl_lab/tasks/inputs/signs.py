"""Signs: inputs from the corners of a cube (Bhattamishra et al. 2023; Park et al. 2024, sparse parity)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_lab.tasks.inputs.base import INPUTS, Inputs


@INPUTS.register
@dataclass(frozen=True, kw_only=True)
class Signs(Inputs):
    """Independent coordinates, -1 or 1 with equal probability."""

    def fourth_moment(self, dim: int) -> float:
        return 1.0

    def sample(
        self, generator: np.random.Generator, batch: int, length: int, dim: int
    ) -> Float[np.ndarray, "batch length dim"]:
        return 2.0 * generator.integers(2, size=(batch, length, dim)) - 1
