"""GD++: gradient descent on inputs whose large directions are damped (von Oswald et al. 2023; Grazzi et al. 2024).

H = I - gamma X^T X, X' = X H; with the eigenvalues lambda of X^T X those of X'^T X' are lambda (1 - gamma lambda)^2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES
from icl_lab.baselines.parts.iterations import IterativeBaseline, Spectrum
from icl_lab.core.bounds import NonNegative

Damped = Literal["once", "each_step"]


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class GdPlusPlus(IterativeBaseline):
    """Gradient descent on x H, H = I - gamma X^T X, for examples and query.

    Args:
        gamma: How much the directions in which inputs are large are damped. The sum X^T X is not divided by the number
            of examples, so the best value depends on it: the default is that of Grazzi et al. for 40 skewed examples in
            20 dimensions. At 0 this is gradient descent.
        damped: `"once"`, before the first step, as Grazzi et al. do; the step stays that of the plain inputs.
            `"each_step"`: after every step the inputs are damped anew, by the X^T X that they have then, as the layers
            of von Oswald et al. do; the step is 2 / (L + mu) for the inputs as they are then, since with a fixed one
            the directions that were damped would all but stand still.
    """

    formula = "gradient descent on x H, H = I - gamma X^T X"
    source = "von Oswald et al. 2023 (arXiv 2212.07677); Grazzi et al. 2024 (arXiv 2402.03170), figures 3d and 11"

    gamma: NonNegative = 1.94e-4
    damped: Damped = "once"

    def remaining(self, spectrum: Spectrum) -> Iterator[Float[Tensor, "batch dim"]]:
        # Seen from the plain inputs, what a step adds in a direction is divided by the eigenvalue that it was made
        # with: w, the sum of H w', is on its way as the labels that are left to explain are.
        eigenvalues = spectrum.eigenvalues
        step = 2 / (spectrum.largest + spectrum.smallest)
        if self.damped == "once":
            eigenvalues = self._damped(eigenvalues)
        left = torch.ones_like(eigenvalues)
        while True:
            yield left
            left = left * (1 - step * eigenvalues)
            if self.damped == "each_step":
                eigenvalues = self._damped(eigenvalues)
                step = 2 / _largest_and_smallest(eigenvalues)

    def _damped(self, eigenvalues: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch dim"]:
        return eigenvalues * (1 - self.gamma * eigenvalues) ** 2


def _largest_and_smallest(eigenvalues: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch 1"]:
    """The sum of the largest eigenvalue and the smallest that is not 0; 2 where all are 0."""
    alive = eigenvalues > 0
    ends = eigenvalues.amax(1, keepdim=True) + eigenvalues.masked_fill(~alive, torch.inf).amin(1, keepdim=True)
    return torch.where(alive.any(1, keepdim=True), ends, 2.0)
