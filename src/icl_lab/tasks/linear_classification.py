"""Half-spaces through the origin: the sign of a linear function (released code of Park et al. 2024)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_lab.tasks.base import TASKS
from icl_lab.tasks.families.sign_function import SignFunction


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class LinearClassification(SignFunction):
    """y = sign(w.x) with w ~ N(0, I), one w a prompt."""

    formula = "w ~ N(0, I_d);  y = sign(w.x)"
    source = "Garg et al. 2022 (arXiv 2208.01066) and Park et al. 2024 (arXiv 2402.04248), released code"

    @property
    def baselines(self) -> tuple[str, ...]:
        return ("logistic_regression", *super().baselines)

    def labels(
        self, xs: Float[np.ndarray, "batch length dim"], generator: np.random.Generator
    ) -> Float[np.ndarray, "batch length"]:
        w = generator.standard_normal((xs.shape[0], xs.shape[2], 1))
        return np.where((xs @ w)[..., 0] > 0, 1.0, -1.0)
