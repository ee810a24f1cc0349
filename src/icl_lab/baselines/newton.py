"""Newton's iteration for the inverse of X^T X: the error is squared at each step (Fu et al. 2023, section 3)."""

from collections.abc import Iterator
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES
from icl_lab.baselines.parts.iterations import IterativeBaseline, Spectrum


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class Newton(IterativeBaseline):
    """M_(k+1) = 2 M_k - M_k G M_k from M_0 = G^T / L^2, w_k = M_k X^T y, with G = X^T X (Schulz 1933).

    `steps` is the k of Fu et al.: how often the update is made. Iterate 0 is M_0 X^T y, which is not 0. L is
    the largest eigenvalue of G; in a direction with the eigenvalue lambda, iterate k has gone the part
    1 - (1 - (lambda / L)^2)^(2^k) of the way. With a condition number c of G, about 2 log2 c steps are needed: 26 for
    the 40 skewed examples of Grazzi et al., whose c is about 10^4.
    """

    formula = "M_(k+1) = 2 M_k - M_k G M_k, M_0 = G^T / L^2;  w_k = M_k X^T y"
    source = "Fu et al. 2023 (arXiv 2310.17086), section 3"

    def remaining(self, spectrum: Spectrum) -> Iterator[Float[Tensor, "batch dim"]]:
        # What is left in a direction, 1 - lambda m, is squared by a step.
        left = 1 - (spectrum.eigenvalues / spectrum.largest) ** 2
        while True:
            yield left
            left = left**2
