"""Least squares, the solution of smallest norm (Garg et al. 2022, section 3; Grazzi et al. 2024, figure 1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, ExampleBaseline

# Directions weaker than this fraction of the strongest one are taken for rounding noise. Prompts are rounded to
# float32, which puts noise of a quarter of this size into directions that inputs from a subspace do not have.
RANK_TOLERANCE = torch.finfo(torch.float32).eps
# Triangular factors whose diagonal spans less than this are far from losing a rank at that tolerance.
SAFE_SPAN = 1e-3


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class LeastSquares(ExampleBaseline):
    """The w of smallest norm among those that minimise |X w - y|^2; no intercept. Optimal for Gaussian w, no noise."""

    formula = "w = X^+ y"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 3"

    def predict_examples(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries"]:
        # A factorisation for each prefix: normal equations, or updating a solution example by example, would square the
        # condition number, which is at its worst where there are as many examples as coordinates.
        columns = [(queries[:, i] * solve(xs[:, :i], ys[:, :i])).sum(-1) for i in shown]
        return torch.stack(columns, dim=1)


def solve(xs: Float[Tensor, "batch shown dim"], ys: Float[Tensor, "batch shown"]) -> Float[Tensor, "batch dim"]:
    """The solution of smallest norm: by QR where the rank is plainly full, by SVD where it may not be."""
    wide = xs.shape[1] < xs.shape[2]
    q, r = torch.linalg.qr(xs.mT if wide else xs)
    diagonal = r.diagonal(dim1=1, dim2=2).abs()
    safe = diagonal.amin(1) > SAFE_SPAN * diagonal.amax(1)
    q, r, right = q[safe], r[safe], ys[safe, :, None]
    w = torch.empty_like(xs[:, 0])
    if wide:
        w[safe] = (q @ torch.linalg.solve_triangular(r.mT, right, upper=False))[..., 0]
    else:
        w[safe] = torch.linalg.solve_triangular(r, q.mT @ right, upper=True)[..., 0]
    # Not torch's faster driver "gelsy": it takes its pivots from uninitialised memory and loses ranks (torch 2.13).
    w[~safe] = torch.linalg.lstsq(xs[~safe], ys[~safe, :, None], rcond=RANK_TOLERANCE, driver="gelsd").solution[..., 0]
    return w
