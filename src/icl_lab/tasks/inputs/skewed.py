"""Skewed inputs: a Gaussian whose covariance has a power-law spectrum in randomly rotated axes.

Source: Garg et al. 2022, section 4; Grazzi et al. 2024, section 3.1. The paper's x = z B with B = c U diag(1/i) U^T
has the covariance c^2 U diag(1/i^2) U^T; we draw z diag(1/i) c U^T, which has the same one.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_lab.core.bounds import NonNegative
from icl_lab.tasks.inputs.base import INPUTS, Inputs
from icl_lab.tasks.inputs.bases import Per, random_bases, rotated_fourth_moment


@INPUTS.register
@dataclass(frozen=True, kw_only=True)
class Skewed(Inputs):
    """x ~ N(0, C) where C has eigenvalues proportional to i^(-2 exponent), i = 1 ... dim, and trace `dim`.

    Args:
        exponent: How fast the standard deviation along the axes falls; 1 is the published value, 0 is isotropic.
        per: Whether the axes are drawn once for a whole batch, as in the released code, or for every prompt.
    """

    exponent: NonNegative = 1.0
    per: Per = "batch"

    @property
    def shared_draws(self) -> bool:
        return self.per == "batch"

    def fourth_moment(self, dim: int) -> float:
        return rotated_fourth_moment(self._deviations(dim) ** 2)

    def sample(
        self, generator: np.random.Generator, batch: int, length: int, dim: int
    ) -> Float[np.ndarray, "batch length dim"]:
        axes = random_bases(generator, self.per, batch, dim, dim)
        z = generator.standard_normal((batch, length, dim))
        return (z * self._deviations(dim)) @ axes.swapaxes(1, 2)

    def _deviations(self, dim: int) -> Float[np.ndarray, " dim"]:
        """Standard deviations along the axes."""
        deviations = np.arange(1, dim + 1) ** -self.exponent
        return deviations * np.sqrt(dim / np.sum(deviations**2))
