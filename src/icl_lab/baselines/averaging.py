"""Averaging: w is the mean of y x, one step of gradient descent from 0 (Garg et al. 2022, section 3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, LinearBaseline


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class Averaging(LinearBaseline):
    """Prediction at x from i examples: x.(1/i) sum_j y_j x_j. It is unbiased where x ~ N(0, I), and wasteful."""

    formula = "w = (1/i) sum_j y_j x_j"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 3"

    def weights(
        self, xs: Float[Tensor, "batch length dim"], ys: Float[Tensor, "batch length"], shown: Sequence[int]
    ) -> Iterator[Float[Tensor, "batch dim"]]:
        sums = (xs * ys[..., None]).cumsum(1)
        yield from (sums[:, i - 1] / i for i in shown)
