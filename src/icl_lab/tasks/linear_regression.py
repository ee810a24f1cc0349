"""Linear functions of random direction (Garg et al. 2022; Park et al. 2024, table 1; Grazzi et al. 2024, figure 1)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_lab.tasks.base import TASKS
from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.inputs.isotropic import Isotropic
from icl_lab.tasks.parts.closed_forms import least_squares_error


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class LinearRegression(FunctionClass):
    """y = w.x with w ~ N(0, I), one w a prompt."""

    formula = "w ~ N(0, I_d);  y = w.x + noise"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 3"

    @property
    def function_variance(self) -> float:
        # E (w.x)^2 = E |x|^2, of which the active coordinates keep their share, whatever the distribution of inputs.
        return float(self.num_active)

    def expected_least_squares(self, shown: int) -> float | None:
        if not isinstance(self.inputs, Isotropic) or self.queries is not None or self.restandardised:
            return None
        active, signal = self.num_active, self.input_scale**2 * self.function_variance
        return self.label_scale**2 * least_squares_error(shown, active, signal, self.label_noise**2) / self.dim

    def labels(
        self, xs: Float[np.ndarray, "batch length dim"], generator: np.random.Generator
    ) -> Float[np.ndarray, "batch length"]:
        w = generator.standard_normal((xs.shape[0], xs.shape[2], 1))
        return (xs @ w)[..., 0]
