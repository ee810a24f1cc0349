"""Linear functions from a finite pool (Raventos et al. 2023): how many tasks make a learner of new ones?"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_lab.core.bounds import Count, Natural, NonNegative
from icl_lab.core.pools import weight_pool
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.parts.curriculum import Curriculum

# What the Bayes predictor takes no noise for: far above the rounding of prompts, far below the labels.
SMALLEST_NOISE = 1e-3


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class TaskPool(LinearRegression):
    """y = w.x + noise, where w is one of `num_tasks` vectors that never change.

    A predictor that learns the pool by heart follows `discrete_mmse`; one that learns to regress follows `ridge`. The
    shift `new_functions` tells them apart. Dimension, length and noise are the paper's; it varies the pool from 2 to
    2^20 tasks.

    Args:
        num_tasks: Vectors in the pool; none for a new w ~ N(0, I) in every prompt.
        pool_seed: Fixes the pool; training and evaluation share it.
    """

    formula = "w uniform in {w_1, ..., w_M}, w_m ~ N(0, I_d) drawn once;  y = w.x + noise"
    source = "Raventos et al. 2023 (arXiv 2306.15063), section 2"

    dim: Count = 8
    length: Count = 16
    label_noise: NonNegative = 0.5
    num_tasks: Count | None = 64
    pool_seed: Natural = 0

    @property
    def baselines(self) -> tuple[str, ...]:
        # A factor on the labels is one on w and noise alike: ridge regression does not need to know it.
        linear = (f"ridge(strength={self.label_noise**2})", "least_squares") if self.label_noise else ("least_squares",)
        if self.num_tasks is None:
            return linear
        pool = f"num_tasks={self.num_tasks}, dim={self.dim}, pool_seed={self.pool_seed}"
        noise = max(self.label_noise, SMALLEST_NOISE)
        return (f"discrete_mmse({pool}, noise={noise}, label_scale={self.label_factor:.12g})", *linear)

    @property
    def function_variance(self) -> float:
        if self.num_tasks is None:
            return super().function_variance
        pool = weight_pool(self.pool_seed, self.num_tasks, self.dim)
        return float((pool[:, : self.num_active] ** 2).sum(1).mean())

    @property
    def curriculum(self) -> Curriculum:
        """None is published."""
        return Curriculum()

    def labels(
        self, xs: Float[np.ndarray, "batch length dim"], generator: np.random.Generator
    ) -> Float[np.ndarray, "batch length"]:
        if self.num_tasks is None:
            return super().labels(xs, generator)
        chosen = generator.integers(self.num_tasks, size=len(xs))
        w = weight_pool(self.pool_seed, self.num_tasks, self.dim)[chosen]
        return (xs @ w[..., None])[..., 0]
