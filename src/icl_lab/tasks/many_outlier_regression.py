"""Linear regression in which nine of ten pairs are one and the same outlier (Park et al. 2024, table 1)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_lab.core.bounds import Count
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.families.outliers import OutlierFraction, OutlierRegression, Vectors
from icl_lab.tasks.parts.curriculum import Curriculum, Ramp


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class ManyOutlierRegression(OutlierRegression):
    """y = w.x, and with probability 0.9 the pair of x = (1, ..., 1) and the label token (1, 0, ..., 0)."""

    formula = "w ~ N(0, I_d);  y = w.x;  with probability p instead x = (1, ..., 1), label token (1, 0, ..., 0)"
    source = "Park et al. 2024 (arXiv 2402.04248), table 1"
    corrected = (
        "evenly spaced outliers (places=even) keep their fraction; released: at 10 of 512 places",
        "held-out prompts during training have outliers; released: none",
    )

    length: Count = 512
    outlier_fraction: OutlierFraction = 0.9

    def outliers(
        self, weights: Float[np.ndarray, "b d"], length: int, generator: np.random.Generator
    ) -> tuple[Vectors, Vectors]:
        return np.ones((1, 1, self.dim)), np.eye(1, self.dim)[None]

    @property
    def smallest_dims(self) -> int:
        return min(4, self.num_active)

    @property
    def curriculum(self) -> Curriculum:
        """The published one: from 4 coordinates, one more every 2,000 steps; from 12 pairs, two more every 200 steps.

        All 512 pairs are reached at step 50,000.
        """
        length = Ramp(start=min(12, self.length), end=self.length, increment=2, interval=200)
        return Curriculum(dims=super().curriculum.dims, length=length)
