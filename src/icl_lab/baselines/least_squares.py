"""Least squares, the solution of smallest norm (Garg et al. 2022, section 3; Grazzi et al. 2024, figure 1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, LinearBaseline
from icl_lab.baselines.parts.moments import prefix_moments
from icl_lab.baselines.parts.smallest_norm import SAFE_SPAN, SmallestNorm

# With this many examples a coordinate the normal equations do: they square the condition number, which is at its worst
# where there are as many examples as coordinates and small here (at SAFE_SPAN they still leave ten digits).
PLENTY = 2


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class LeastSquares(LinearBaseline):
    """The w of smallest norm among those that minimise |X w - y|^2; no intercept. Optimal for Gaussian w, no noise."""

    formula = "w = X^+ y"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 3"

    def weights(
        self, xs: Float[Tensor, "batch length dim"], ys: Float[Tensor, "batch length"], shown: Sequence[int]
    ) -> Iterator[Float[Tensor, "batch dim"]]:
        plenty = PLENTY * xs.shape[2]
        deficient = SmallestNorm()
        yield from (solve(xs[:, :i], ys[:, :i], deficient) for i in shown if i < plenty)
        for i, gram, correlations in prefix_moments(xs, ys, [i for i in shown if i >= plenty]):
            yield _solve_normal_equations(gram, correlations, xs[:, :i], ys[:, :i], deficient)


def solve(
    xs: Float[Tensor, "batch shown dim"], ys: Float[Tensor, "batch shown"], deficient: SmallestNorm | None = None
) -> Float[Tensor, "batch dim"]:
    """The solution of smallest norm: by QR where the rank is plainly full, else by what `deficient` knows of them."""
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
    if not safe.all():
        w[~safe] = (deficient or SmallestNorm()).solve(xs, ys, ~safe)
    return w


def _solve_normal_equations(
    gram: Float[Tensor, "batch dim dim"],
    correlations: Float[Tensor, "batch dim"],
    xs: Float[Tensor, "batch shown dim"],
    ys: Float[Tensor, "batch shown"],
    deficient: SmallestNorm,
) -> Float[Tensor, "batch dim"]:
    """The solutions from second moments, whose Cholesky factor is R; by `deficient` where the rank may not be full."""
    factor, info = torch.linalg.cholesky_ex(gram)
    diagonal = factor.diagonal(dim1=1, dim2=2)
    safe = (info == 0) & (diagonal.amin(1) > SAFE_SPAN * diagonal.amax(1))
    if safe.all():
        return torch.cholesky_solve(correlations[..., None], factor)[..., 0]
    w = torch.empty_like(correlations)
    w[safe] = torch.cholesky_solve(correlations[safe, :, None], factor[safe])[..., 0]
    w[~safe] = deficient.solve(xs, ys, ~safe, (gram, correlations))
    return w
