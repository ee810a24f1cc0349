"""Recursive least squares: ridge regression that is kept up to date example by example and forgets (Plackett 1950)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, LinearBaseline
from icl_lab.core.bounds import Bounds, Positive


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class RecursiveLeastSquares(LinearBaseline):
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

    def weights(
        self, xs: Float[Tensor, "batch length dim"], ys: Float[Tensor, "batch length"], shown: Sequence[int]
    ) -> Iterator[Float[Tensor, "batch dim"]]:
        batch, _, dim = xs.shape
        w, wanted = xs.new_zeros(batch, dim), set(shown)
        inverse = (torch.eye(dim, dtype=xs.dtype) / self.strength).expand(batch, dim, dim)
        for j, (x, y) in enumerate(zip(xs.unbind(1), ys.unbind(1), strict=True), start=1):
            along = (inverse @ x[..., None])[..., 0]
            gain = along / (self.forgetting + (x * along).sum(-1, keepdim=True))
            w = w + gain * (y - (w * x).sum(-1))[:, None]
            inverse = (inverse - gain[..., None] * along[:, None]) / self.forgetting
            if j in wanted:
                yield w
            if j >= shown[-1]:
                return
