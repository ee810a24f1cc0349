"""Least squares on the clean pairs alone: the oracle of tasks with outliers (Park et al. 2024).

b batch   n examples   o numbers of a label   q queries
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from icl_lab.baselines.base import BASELINES
from icl_lab.baselines.least_squares import LeastSquares, solve
from icl_lab.core.prompts import Examples, PromptBatch, require_examples


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class CleanLeastSquares(LeastSquares):
    """The w of smallest norm that fits the clean pairs best, told which they are; plain least squares if all are.

    Where outliers are orthogonal to w they say something of it: two directions that it does not have. Who knows that
    can do better than who ignores them.

    Args:
        outliers: What is done with them: nothing, or their inputs are taken for inputs whose label is 0.
    """

    formula = "w = X_clean^+ y_clean"
    source = "the reference line of Park et al. 2024 (arXiv 2402.04248), whose prompts have outliers"
    is_oracle = True
    knows = "which examples of each prompt are clean"

    outliers: Literal["ignored", "orthogonal"] = "ignored"

    def answers(self, prompts: PromptBatch, shown: Sequence[int]) -> Float[Tensor, "batch queries *outputs"]:
        examples = require_examples(prompts, f"the baseline {self.label}")
        if examples.clean is None:
            return super().answers(prompts, shown)
        if self.outliers == "orthogonal":
            return super().answers(replace(prompts, examples=_orthogonal(examples)), shown)
        # Clean pairs to the front, in their order: what is known at a query is then how many of them come before it.
        order = examples.clean.logical_not().to(torch.int8).argsort(dim=1, stable=True)
        counts = examples.clean.cumsum(1) - examples.clean.long()
        xs, ys, queries = (part.double() for part in (examples.xs, examples.ys, examples.queries))
        xs = xs.gather(1, order[..., None].expand_as(xs))
        chosen = torch.tensor(list(shown), dtype=torch.long)
        known, asked = counts[:, chosen], queries[:, chosen]
        columns = [_predict(xs, y.gather(1, order), asked, known) for y in (ys.unbind(2) if ys.ndim == 3 else [ys])]
        return torch.stack(columns, dim=2) if ys.ndim == 3 else columns[0]


def _orthogonal(examples: Examples) -> Examples:
    """The examples with outliers of length 1 and label 0."""
    xs, ys, clean = examples.xs, examples.ys, examples.clean
    assert clean is not None
    # Only the direction is known; a very long one would drown the others in its rounding.
    xs = torch.where(clean[..., None], xs, normalize(xs, dim=2))
    labels = torch.where(clean if ys.ndim == 2 else clean[..., None], ys, 0.0)
    return replace(examples, xs=xs, ys=labels, asked=examples.queries)


def _predict(
    xs: Float[Tensor, "b n d"], ys: Float[Tensor, "b n"], queries: Float[Tensor, "b q d"], known: Int[Tensor, "b q"]
) -> Float[Tensor, "b q"]:
    """Predictions from the first `known` examples of each query; one factorisation a prompt and number of examples."""
    predictions, w = queries.new_zeros(queries.shape[:2]), torch.zeros_like(xs[:, 0])
    for count in sorted(set(known.flatten().tolist()) - {0}):
        here = known == count
        rows = here.any(1)
        w[rows] = solve(xs[rows, :count], ys[rows, :count])
        prompt, query = torch.nonzero(here, as_tuple=True)
        predictions[prompt, query] = (queries[prompt, query] * w[prompt]).sum(-1)
    return predictions
