"""Least squares on the squares of the coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, ExampleBaseline
from icl_lab.baselines.least_squares import LeastSquares


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class QuadraticLeastSquares(ExampleBaseline):
    """The w of smallest norm among those that minimise sum_j (w.x_j^2 - y_j)^2, squares taken coordinate by coordinate.

    Optimal for sums of squares with Gaussian weights and no noise.
    """

    formula = "w = (X^2)^+ y, prediction w.x^2"
    source = "least squares after a change of variables"

    def predict_examples(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries"]:
        return LeastSquares().predict_examples(xs.square(), ys, queries.square(), shown)
