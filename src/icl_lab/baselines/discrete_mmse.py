"""Discrete MMSE: the posterior mean over a known pool of linear functions (Raventos et al. 2023).

b batch   l length   d dim   m num_tasks
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, Baseline, chunks
from icl_lab.core.bounds import Count, Natural, Positive
from icl_lab.core.errors import UserError
from icl_lab.core.pools import weight_pool
from icl_lab.core.prompts import PromptBatch, require_examples

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
        label_scale: Factor on every label, noise included.
    """

    formula = "w = c sum_m p_m w_m,  p_m ~ exp(-sum_j (y_j / c - w_m.x_j)^2 / (2 noise^2)),  c = label_scale"
    source = "Raventos et al. 2023 (arXiv 2306.15063), section 2"

    told = ("num_tasks", "dim", "pool_seed", "noise", "label_scale")

    num_tasks: Count = 64
    dim: Count = 8
    pool_seed: Natural = 0
    noise: Positive = 0.5
    label_scale: Positive = 1.0

    def answers(self, prompts: PromptBatch, shown: Sequence[int]) -> Float[Tensor, "batch queries"]:
        examples = require_examples(prompts, f"the baseline {self.label}")
        if examples.xs.shape[2] != self.dim or examples.ys.ndim != 2:
            numbers = examples.ys.shape[2] if examples.ys.ndim == 3 else 1
            raise UserError(
                f"the baseline {self.label} knows a pool for x of {self.dim} coordinates and labels of one number, got "
                f"{examples.xs.shape[2]} and {numbers}: give it the dim of the task"
            )
        xs, ys, queries = examples.xs.double(), examples.ys.double() / self.label_scale, examples.queries.double()
        chosen = torch.tensor(shown, dtype=torch.int64)
        rows = chunks(len(xs), self.num_tasks * xs.shape[1], CHUNK)
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
        return self.label_scale * (queries[:, shown] * (posterior @ pool)).sum(2)
