"""Discrete MMSE: the posterior mean over a known pool of linear functions (Raventos et al. 2023).

b batch   l length   d dim   m num_tasks
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, Baseline
from icl_lab.core.errors import UserError
from icl_lab.core.pools import weight_pool
from icl_lab.core.prompts import PromptBatch, require_examples
from icl_lab.core.specs import Count, Natural, Positive

CHUNK = 2**22  # residuals held at once: 32 MiB


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class DiscreteMmse(Baseline):
    """The mean of the pool's w, each weighted by the likelihood of the examples under it.

    It is the Bayes predictor of `task_pool`, and knows that task's pool: the fields must be the task's. Before the
    first example it answers with the mean of the pool.

    Args:
        num_tasks: Functions in the pool.
        dim: Coordinates of x.
        pool_seed: Of the pool.
        noise: Standard deviation of the label noise.
    """

    formula = "w = sum_m p_m w_m,  p_m ~ exp(-sum_j (y_j - w_m.x_j)^2 / (2 noise^2))"
    source = "Raventos et al. 2023 (arXiv 2306.15063), section 2"

    num_tasks: Count = 64
    dim: Count = 8
    pool_seed: Natural = 0
    noise: Positive = 0.5

    def answers(self, prompts: PromptBatch, shown: Sequence[int]) -> Float[Tensor, "batch queries"]:
        examples = require_examples(prompts, f"the baseline {self.label}")
        if examples.xs.shape[2] != self.dim or examples.ys.ndim != 2:
            got = f"x of {examples.xs.shape[2]} coordinates and labels of shape {tuple(examples.ys.shape[2:])}"
            raise UserError(f"{self.label}: expected x of {self.dim} coordinates and one number a label, got {got}")
        xs, ys, queries = examples.xs.double(), examples.ys.double(), examples.queries.double()
        chosen = torch.tensor(shown, dtype=torch.int64)
        prompts_at_once = max(1, CHUNK // (self.num_tasks * xs.shape[1]))
        rows = [slice(first, first + prompts_at_once) for first in range(0, len(xs), prompts_at_once)]
        return torch.cat([self._posterior_mean(xs[r], ys[r], queries[r], chosen) for r in rows])

    def _posterior_mean(
        self,
        xs: Float[Tensor, "b l d"],
        ys: Float[Tensor, "b l"],
        queries: Float[Tensor, "b l d"],
        shown: Tensor,
    ) -> Float[Tensor, "b queries"]:
        pool = torch.tensor(weight_pool(self.pool_seed, self.num_tasks, self.dim))
        misfit = torch.zeros(len(xs), xs.shape[1] + 1, self.num_tasks, dtype=xs.dtype)
        misfit[:, 1:] = (ys[..., None] - xs @ pool.T).square().cumsum(1)  # row i: of the first i examples
        posterior = torch.softmax(-misfit[:, shown] / (2 * self.noise**2), dim=2)
        return (queries[:, shown] * (posterior @ pool)).sum(2)
