"""Gaussian-process regression with an RBF kernel, or kernel ridge regression (Rasmussen & Williams 2006).

b batch   l length   d dim
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, ExampleBaseline
from icl_lab.core.bounds import NonNegative, Positive

# Equal inputs make the kernel singular, and prompts are rounded to float32: noise of at least this variance is assumed.
SMALLEST_NOISE = 1e-9


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class GpPosterior(ExampleBaseline):
    """Posterior mean of f ~ GP(0, k), k an RBF kernel of variance 1: the Bayes predictor of `gaussian_process`.

    For other tasks it is kernel ridge regression with the penalty noise^2.

    Args:
        length_scale: Of the kernel.
        noise: Standard deviation of the label noise.
    """

    formula = "f(x) = k(x, X) (k(X, X) + noise^2 I)^-1 y,  k(x, x') = exp(-|x - x'|^2 / (2 length_scale^2))"
    source = "Rasmussen & Williams 2006, section 2.2"

    length_scale: Positive = 1.0
    noise: NonNegative = 0.1

    def predict_examples(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries"]:
        chosen, last = torch.tensor(shown), max(shown)
        xs, ys = xs[:, :last], ys[:, :last]
        noise = max(self.noise**2, SMALLEST_NOISE) * torch.eye(last, dtype=xs.dtype)
        # The leading block of a Cholesky factor is the factor of the leading block: one factor serves every prefix.
        factor = torch.linalg.cholesky(self._kernel(xs, xs) + noise)
        seen = torch.arange(last)[:, None] < chosen
        sides = torch.cat([self._kernel(xs, queries[:, chosen]), ys[..., None]], dim=2)
        solved = torch.linalg.solve_triangular(factor, sides, upper=False)
        return torch.where(seen, solved[..., :-1] * solved[..., -1:], 0).sum(1)

    def _kernel(self, xs: Float[Tensor, "b n d"], others: Float[Tensor, "b m d"]) -> Float[Tensor, "b n m"]:
        # Sums of squared differences: the expansion by products would leave the diagonal short of 1.
        distances = torch.cdist(xs, others, compute_mode="donot_use_mm_for_euclid_dist")
        return torch.exp(-((distances / self.length_scale) ** 2) / 2)
