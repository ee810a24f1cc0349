"""GD++: gradient descent on inputs whose large directions are damped once (von Oswald et al. 2023; Grazzi et al. 2024).

H = I - gamma X^T X, X' = X H; with the eigenvalues lambda of X^T X those of X'^T X' are lambda (1 - gamma lambda)^2.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES
from icl_lab.baselines.parts.iterations import IterativeBaseline, Spectrum
from icl_lab.core.specs import NonNegative


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class GdPlusPlus(IterativeBaseline):
    """Gradient descent on x H, H = I - gamma X^T X, for examples and query; the step stays that of the plain inputs.

    Args:
        gamma: How much the directions in which inputs are large are damped. The sum X^T X is not divided by the number
            of examples, so the best value depends on it: the default is that of Grazzi et al. for 40 skewed examples in
            20 dimensions. At 0 this is gradient descent.
    """

    formula = "gradient descent on x H, H = I - gamma X^T X"
    source = "von Oswald et al. 2023 (arXiv 2212.07677); Grazzi et al. 2024 (arXiv 2402.03170), figures 3d and 11"

    gamma: NonNegative = 1.94e-4

    def remaining(self, spectrum: Spectrum) -> Iterator[Float[Tensor, "batch dim"]]:
        # Seen from the plain inputs the weights are H w'. Their way in a direction, lambda (1 - gamma lambda)^2 times a
        # sum of powers over the same, is that of gradient descent with the damped eigenvalue.
        damped = spectrum.eigenvalues * (1 - self.gamma * spectrum.eigenvalues) ** 2
        factor = 1 - 2 / (spectrum.largest + spectrum.smallest) * damped
        left = torch.ones_like(factor)
        while True:
            left = left * factor
            yield left
