"""Weighted sums of squares (released code of Garg et al. 2022 and Park et al. 2024)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_lab.tasks.base import TASKS
from icl_lab.tasks.families.function_class import FunctionClass


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class QuadraticRegression(FunctionClass):
    """y = (w_1 x_1^2 + ... + w_d x_d^2) / sqrt(3) with w ~ N(0, I); its variance is `dim` where x ~ N(0, I)."""

    formula = "w ~ N(0, I_d);  y = sum_j w_j x_j^2 / sqrt(3) + noise"
    source = "Garg et al. 2022 (arXiv 2208.01066) and Park et al. 2024 (arXiv 2402.04248), released code"
    degree = 2

    @property
    def baselines(self) -> tuple[str, ...]:
        return ("quadratic_least_squares", "nearest_neighbours", "least_squares", "averaging")

    @property
    def function_variance(self) -> float:
        # The w_j are independent: E y^2 = sum_j E x_j^4 / 3, and E x_j^4 = 3 for a standard normal coordinate.
        return self.num_active * self.inputs.fourth_moment(self.dim) / 3

    def labels(
        self, xs: Float[np.ndarray, "batch length dim"], generator: np.random.Generator
    ) -> Float[np.ndarray, "batch length"]:
        w = generator.standard_normal((xs.shape[0], xs.shape[2], 1))
        return (xs**2 @ w)[..., 0] / np.sqrt(3)
