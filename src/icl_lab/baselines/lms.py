"""LMS, least mean squares: one step of gradient descent an example, in the order of the prompt (Widrow & Hoff 1960)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, LinearBaseline
from icl_lab.core.bounds import Positive


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class Lms(LinearBaseline):
    """Online gradient descent: w <- w + rate (y - w.x) x after each example, from w = 0.

    It is the delta rule, and what one layer of DeltaNet computes.

    Args:
        rate: The step. Normalised it is a share of the way to the w that fits the example: 1 goes all the way
            (Kaczmarz), 2 is where the method stops converging.
        normalised: Whether the step is divided by |x|^2.
    """

    formula = "w <- w + rate (y_j - w.x_j) x_j / |x_j|^2,  j = 1 ... i"
    source = "Widrow & Hoff 1960"
    ordered = True

    rate: Positive = 0.5
    normalised: bool = True

    def weights(
        self, xs: Float[Tensor, "batch length dim"], ys: Float[Tensor, "batch length"], shown: Sequence[int]
    ) -> Iterator[Float[Tensor, "batch dim"]]:
        w, wanted = torch.zeros_like(xs[:, 0]), set(shown)
        for j, (x, y) in enumerate(zip(xs.unbind(1), ys.unbind(1), strict=True), start=1):
            size = x.square().sum(-1)
            rate = self.rate / torch.where(size > 0, size, 1.0) if self.normalised else self.rate
            w = w + (rate * (y - (w * x).sum(-1)))[:, None] * x
            if j in wanted:
                yield w
            if j >= shown[-1]:
                return
