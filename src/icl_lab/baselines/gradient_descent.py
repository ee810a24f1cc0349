"""Gradient descent for least squares from w = 0 (Grazzi et al. 2024, section 4, figure 3d)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES
from icl_lab.baselines.parts.iterations import IterativeBaseline, Spectrum
from icl_lab.core.bounds import Positive

StepSize = Literal["fastest", "cautious"]


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class GradientDescent(IterativeBaseline):
    """w <- w - rate (1/i) X^T (X w - y) from w = 0, on all i examples at each step.

    One step with `rate=1` is averaging.

    Args:
        step_size: With L and mu the largest and smallest eigenvalue of X^T X / i that are not 0: `"fastest"` steps by
            2 / (L + mu), which has the best guarantee and hardly damps the direction of L where L is far above mu;
            `"cautious"` by 1 / L.
        rate: The step itself, instead.
    """

    formula = "w <- w - rate (1/i) X^T (X w - y), from 0"
    source = "Grazzi et al. 2024 (arXiv 2402.03170), figure 3d"

    step_size: StepSize = "fastest"
    rate: Positive | None = None

    def remaining(self, spectrum: Spectrum) -> Iterator[Float[Tensor, "batch dim"]]:
        factor = 1 - self.rates(spectrum) * spectrum.eigenvalues
        left = torch.ones_like(factor)
        while True:
            yield left
            left = left * factor

    def rates(self, spectrum: Spectrum) -> Float[Tensor, "batch 1"]:
        """The step against the gradient of |X w - y|^2 / 2, which is not divided by the number of examples."""
        if self.rate is not None:
            return torch.full_like(spectrum.largest, self.rate / spectrum.shown)
        if self.step_size == "cautious":
            return 1 / spectrum.largest
        return 2 / (spectrum.largest + spectrum.smallest)
