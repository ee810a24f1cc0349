"""Lasso: least squares charged for the absolute values of w (Tibshirani 1996; Garg et al. 2022, section 5).

One problem a prompt and prefix, solved to the end by an active-set method in the manner of feature-sign search (Lee et
al. 2007, algorithm 1): guess which coordinates are not 0 and their signs, solve for them in closed form, repair the
guess. All prompts take a step together; those that are done drop out. A prefix starts from the solution of the one
before it.

b batch (prompts still at work)   d dim   G = X^T X   c = X^T y   p = i strength, the price of |w_j| after i examples
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, LinearBaseline
from icl_lab.baselines.parts.moments import prefix_moments
from icl_lab.core.bounds import Positive

TOLERANCE = 1e-9  # of the largest |c|: how far a gradient may lie beyond the price of its coordinate
JITTER = 1e-13  # of the largest G_jj: keeps dependent columns solvable; the step then runs into a sign change and stops
STEPS = 100  # per coordinate; random problems need fewer than two, the limit is for rounding that goes in circles


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class Lasso(LinearBaseline):
    """The w that minimises |X w - y|^2 / (2 i) + strength |w|_1 over i examples; no intercept (as in scikit-learn).

    Args:
        strength: Weight of |w|_1; the default is the one shown in Grazzi et al. 2024, figure 2a.
    """

    formula = "argmin_w |X w - y|^2 / (2 i) + strength |w|_1"
    source = "Tibshirani 1996"

    strength: Positive = 0.01

    def weights(
        self, xs: Float[Tensor, "batch length dim"], ys: Float[Tensor, "batch length"], shown: Sequence[int]
    ) -> Iterator[Float[Tensor, "batch dim"]]:
        w = xs.new_zeros(xs.shape[0], xs.shape[2])
        for i, gram, correlations in prefix_moments(xs, ys, shown):
            w = solve(gram, correlations, i * self.strength, w)
            yield w


def solve(
    gram: Float[Tensor, "batch dim dim"],
    correlations: Float[Tensor, "batch dim"],
    price: float,
    start: Float[Tensor, "batch dim"],
) -> Float[Tensor, "batch dim"]:
    """The minimisers of w.G.w / 2 - c.w + price |w|_1.

    Raises:
        ArithmeticError: Some problem was not solved within the limit of steps.
    """
    solution, todo = start.clone(), torch.arange(len(start))
    w, signs = start, start.sign()
    slack = TOLERANCE * correlations.abs().amax(-1, keepdim=True)
    for _ in range(STEPS * start.shape[1]):
        w, signs, arrived = _step(gram, correlations - price * signs, w, signs)
        gradient = correlations - (gram @ w[..., None])[..., 0]
        violation = torch.where(signs == 0, gradient.abs() - price - slack, -torch.inf)
        worst, coordinate = violation.max(-1, keepdim=True)
        entering = arrived[:, None] & (worst > 0)
        signs = torch.where(entering, signs.scatter(1, coordinate, gradient.gather(1, coordinate).sign()), signs)
        done = arrived & ~entering[:, 0]
        solution[todo[done]] = w[done]
        left = ~done
        if not left.any():
            return solution
        gram, correlations, slack, w, signs, todo = (part[left] for part in (gram, correlations, slack, w, signs, todo))
    raise ArithmeticError(f"the Lasso was not solved for {len(todo)} of {len(start)} prompts at price {price:g}")


def _step(
    gram: Float[Tensor, "batch dim dim"],
    wanted: Float[Tensor, "batch dim"],
    w: Float[Tensor, "batch dim"],
    signs: Float[Tensor, "batch dim"],
) -> tuple[Float[Tensor, "batch dim"], Float[Tensor, "batch dim"], Bool[Tensor, " batch"]]:
    """Walk from w towards the solution of G w = wanted on the coordinates with a sign, up to the first sign change.

    The objective falls all along the way. Returns the new w, the signs that are left, and whether the walk arrived.
    """
    target = _restricted_solution(gram, wanted, signs != 0)
    crossing = target * signs < 0
    way = torch.where(crossing, w / (w - target), torch.inf)
    share = way.amin(-1, keepdim=True)
    arrived = share > 1
    w = torch.where(arrived, target, w + share.clamp(max=1) * (target - w))
    out = crossing & (way <= share) & ~arrived
    return w.masked_fill(out, 0), signs.masked_fill(out, 0), arrived[:, 0]


def _restricted_solution(
    gram: Float[Tensor, "batch dim dim"], wanted: Float[Tensor, "batch dim"], active: Bool[Tensor, "batch dim"]
) -> Float[Tensor, "batch dim"]:
    """Solve G w = wanted on the active coordinates; 0 elsewhere. Only as large a system as the largest active set."""
    size = max(1, int(active.sum(-1).max()))
    order = torch.argsort(active.int(), dim=-1, descending=True, stable=True)[:, :size]
    kept = active.gather(1, order)
    rows = gram.gather(1, order[..., None].expand(-1, -1, gram.shape[2]))
    system = rows.gather(2, order[:, None].expand(-1, size, -1)) * (kept[:, :, None] & kept[:, None])
    jitter = JITTER * system.diagonal(dim1=1, dim2=2).amax(-1, keepdim=True)
    system.diagonal(dim1=1, dim2=2).add_(torch.where(kept, jitter, 1.0))
    values = torch.linalg.solve(system, (wanted.gather(1, order) * kept)[..., None])[..., 0]
    return torch.zeros_like(wanted).scatter(1, order, values)
