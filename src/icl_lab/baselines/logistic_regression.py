"""Logistic regression: the linear separator of largest likelihood, charged for the size of w.

One strictly convex problem a prompt and prefix, solved to the end by Newton's method with backtracking for all prompts
at once; a prefix starts from the solution of the one before it.

b batch   n examples   d dim
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from icl_lab.baselines.base import BASELINES, ExampleBaseline
from icl_lab.core.bounds import Positive

# Newton converges quadratically: a step that promises less than this leaves an error far below float64's rounding of
# the objective. The promise is in units of the log likelihood, at most n log 2 at the start.
PROMISED = 1e-16
STEPS = 100  # never reached: from the last solution a few are enough
HALVINGS = 40


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class LogisticRegression(ExampleBaseline):
    """The w that minimises sum_j log(1 + exp(-y_j w.x_j)) + strength |w|^2 / 2; no intercept; the prediction is w.x.

    Separable examples have no finite solution without the second term; with little of it w points where the margin is
    largest. Labels of another size than 1 count as inputs of that size.

    Args:
        strength: Weight of |w|^2 / 2; not divided by the number of examples.
    """

    formula = "w = argmin sum_j log(1 + exp(-y_j w.x_j)) + strength |w|^2 / 2"
    source = "Cox 1958; ridge penalty: le Cessie & van Houwelingen 1992"

    strength: Positive = 0.1

    def predict_examples(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries"]:
        signed = xs * ys[..., None]
        w = torch.zeros_like(xs[:, 0])
        columns = []
        for i in shown:
            w = minimise(signed[:, :i], w, self.strength)
            columns.append((queries[:, i] * w).sum(-1))
        return torch.stack(columns, dim=1)


def minimise(signed: Float[Tensor, "b n d"], start: Float[Tensor, "b d"], strength: float) -> Float[Tensor, "b d"]:
    """The w of smallest objective for inputs that are multiplied by their labels; problems drop out when solved."""
    solution = start.clone()
    work = torch.arange(len(start))
    for _ in range(STEPS):
        z, w = signed[work], solution[work]
        step, promised = _newton(z, w, strength)
        solution[work] = w + _length(z, w, step, promised, strength)[:, None] * step
        work = work[promised > PROMISED * (1 + _objective(z, w, strength))]
        if not len(work):
            break
    return solution


def _newton(
    z: Float[Tensor, "b n d"], w: Float[Tensor, "b d"], strength: float
) -> tuple[Float[Tensor, "b d"], Float[Tensor, " b"]]:
    """Newton's step, and twice the decrease of the objective that its quadratic model promises."""
    wrong = torch.sigmoid(-(z @ w[..., None])[..., 0])
    downhill = (wrong[:, None] @ z)[:, 0] - strength * w
    curvature = (z * (wrong * (1 - wrong))[..., None]).mT @ z
    curvature.diagonal(dim1=1, dim2=2).add_(strength)
    step = torch.linalg.solve(curvature, downhill)
    return step, (step * downhill).sum(-1)


def _length(
    z: Float[Tensor, "b n d"],
    w: Float[Tensor, "b d"],
    step: Float[Tensor, "b d"],
    promised: Float[Tensor, " b"],
    strength: float,
) -> Float[Tensor, " b"]:
    """How much of each step to take: 1, or the first half of it, quarter ... that decreases the objective enough."""
    before = _objective(z, w, strength)
    length = torch.ones_like(before)
    # Near the solution the decrease drowns in rounding, and the full step is right.
    rounding = 1e-14 * (1 + before)
    for _ in range(HALVINGS):
        poor = _objective(z, w + length[:, None] * step, strength) > before - 1e-4 * length * promised + rounding
        if not poor.any():
            break
        length = torch.where(poor, length / 2, length)
    return length


def _objective(z: Float[Tensor, "b n d"], w: Float[Tensor, "b d"], strength: float) -> Float[Tensor, " b"]:
    return -logsigmoid((z @ w[..., None])[..., 0]).sum(1) + strength / 2 * w.square().sum(1)
