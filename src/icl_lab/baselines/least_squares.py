"""Least squares, the solution of smallest norm (Garg et al. 2022, section 3; Grazzi et al. 2024, figure 1)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, ExampleBaseline
from icl_lab.baselines.parts.moments import prefix_moments

# Directions weaker than this fraction of the strongest one are taken for rounding noise. Prompts are rounded to
# float32, which puts noise of a quarter of this size into directions that inputs from a subspace do not have.
RANK_TOLERANCE = torch.finfo(torch.float32).eps
# Triangular factors whose diagonal spans less than this are far from losing a rank at that tolerance.
SAFE_SPAN = 1e-3
# With this many examples a coordinate the normal equations do: they square the condition number, which is at its worst
# where there are as many examples as coordinates and small here (at SAFE_SPAN they still leave ten digits).
PLENTY = 2


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
        plenty = PLENTY * xs.shape[2]
        solutions = [solve(xs[:, :i], ys[:, :i]) for i in shown if i < plenty]
        for i, gram, correlations in prefix_moments(xs, ys, [i for i in shown if i >= plenty]):
            solutions.append(_solve_normal_equations(gram, correlations, xs[:, :i], ys[:, :i]))
        columns = [(queries[:, i] * w).sum(-1) for i, w in zip(shown, solutions, strict=True)]
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
    w[~safe] = _of_smallest_norm(xs[~safe], ys[~safe])
    return w


def _solve_normal_equations(
    gram: Float[Tensor, "batch dim dim"],
    correlations: Float[Tensor, "batch dim"],
    xs: Float[Tensor, "batch shown dim"],
    ys: Float[Tensor, "batch shown"],
) -> Float[Tensor, "batch dim"]:
    """The solutions from second moments, whose Cholesky factor is R; by SVD where the rank may not be full."""
    factor, info = torch.linalg.cholesky_ex(gram)
    diagonal = factor.diagonal(dim1=1, dim2=2)
    safe = (info == 0) & (diagonal.amin(1) > SAFE_SPAN * diagonal.amax(1))
    w = torch.empty_like(correlations)
    w[safe] = torch.cholesky_solve(correlations[safe, :, None], factor[safe])[..., 0]
    w[~safe] = _of_smallest_norm(xs[~safe], ys[~safe])
    return w


def _of_smallest_norm(
    xs: Float[Tensor, "batch shown dim"], ys: Float[Tensor, "batch shown"]
) -> Float[Tensor, "batch dim"]:
    # Not torch's faster driver "gelsy": it takes its pivots from uninitialised memory and loses ranks (torch 2.13).
    return torch.linalg.lstsq(xs, ys[..., None], rcond=RANK_TOLERANCE, driver="gelsd").solution[..., 0]
