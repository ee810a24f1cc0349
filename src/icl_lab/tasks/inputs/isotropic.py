"""x ~ N(0, I): every direction alike (Garg et al. 2022, section 2)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_lab.tasks.inputs.base import INPUTS, Inputs


@INPUTS.register
@dataclass(frozen=True, kw_only=True)
class Isotropic(Inputs):
    """Independent standard normal coordinates."""

    def sample(
        self, generator: np.random.Generator, batch: int, length: int, dim: int
    ) -> Float[np.ndarray, "batch length dim"]:
        return generator.standard_normal((batch, length, dim))
