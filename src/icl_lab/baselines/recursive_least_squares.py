"""Recursive least squares: ridge regression that is kept up to date example by example and forgets (Plackett 1950)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, ExampleBaseline
from icl_lab.core.specs import Bounds, Positive


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class RecursiveLeastSquares(ExampleBaseline):
    """The w that minimises sum_j forgetting^(i - j) (y_j - w.x_j)^2 + forgetting^i strength |w|^2, updated in O(d^2).

    With `forgetting=1` it is ridge regression.

    Args:
        forgetting: By how much the weight of an example falls with each one after it.
        strength: Weight of |w|^2 before the first example.
    """

    formula = "g = P x / (f + x.P x);  w <- w + g (y - w.x);  P <- (P - g (P x)^T) / f"
    source = "Plackett 1950"
    ordered = True

    forgetting: Annotated[float, Bounds(above=0, high=1)] = 0.98
    strength: Positive = 0.01

    def predict_examples(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries"]:
        batch, _, dim = xs.shape
        w, wanted, columns = xs.new_zeros(batch, dim), set(shown), []
        inverse = (torch.eye(dim, dtype=xs.dtype) / self.strength).expand(batch, dim, dim)
        for j, (x, y) in enumerate(zip(xs.unbind(1), ys.unbind(1), strict=True), start=1):
            along = (inverse @ x[..., None])[..., 0]
            gain = along / (self.forgetting + (x * along).sum(-1, keepdim=True))
            w = w + gain * (y - (w * x).sum(-1))[:, None]
            inverse = (inverse - gain[..., None] * along[:, None]) / self.forgetting
            if j in wanted:
                columns.append((queries[:, j] * w).sum(-1))
            if j >= shown[-1]:
                break
        return torch.stack(columns, dim=1)
