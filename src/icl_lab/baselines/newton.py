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
    """M <- 2 M - M G M from M = G / L^2, w = M X^T y, with G = X^T X and L its largest eigenvalue (Schulz 1933).

    k steps do what 2^k steps of a first-order method do.
    """

    formula = "M <- 2 M - M G M, M_0 = G / L^2;  w = M X^T y"
    source = "Fu et al. 2023 (arXiv 2310.17086), section 3"

    def remaining(self, spectrum: Spectrum) -> Iterator[Float[Tensor, "batch dim"]]:
        # 1 - lambda m is squared by a step. The first of them leads from w = 0 to M_0, which is iterate 1.
        left = 1 - (spectrum.eigenvalues / spectrum.largest) ** 2
        while True:
            yield left
            left = left**2
