"""Linear functions of few coordinates (Garg et al. 2022; Park et al. 2024, table 1; Grazzi et al. 2024, figure 2a)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.inputs.isotropic import Isotropic
from icl_lab.tasks.parts.closed_forms import least_squares_error


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class SparseLinearRegression(FunctionClass):
    """y = w.x where `sparsity` coordinates of w, chosen uniformly among the active ones, are normal and the rest are 0.

    Errors are divided by `sparsity`, the variance of the label, as Park et al. do; Grazzi et al. divide by `dim`.

    Args:
        sparsity: Coordinates of w that are not 0.
    """

    formula = "S of s coordinates;  w_S ~ N(0, I_s), w = 0 elsewhere;  y = w.x + noise"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 5"
    per = "sparsity"

    sparsity: Count = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sparsity > self.num_active:
            room = f"at most {self.num_active}, the active coordinates"
            raise UserError(f"{self.spec_name()}.sparsity: expected {room}, got {self.sparsity}")

    @property
    def baselines(self) -> tuple[str, ...]:
        return ("lasso", *super().baselines)

    @property
    def function_variance(self) -> float:
        return float(self.sparsity)

    @property
    def smallest_dims(self) -> int:
        return max(super().smallest_dims, self.sparsity)

    def expected_least_squares(self, shown: int) -> float | None:
        if not isinstance(self.inputs, Isotropic) or self.queries is not None or self.restandardised:
            return None
        signal = self.input_scale**2 * self.function_variance
        error = least_squares_error(shown, self.num_active, signal, self.label_noise**2)
        return self.label_scale**2 * error / self.sparsity

    def labels(
        self, xs: Float[np.ndarray, "batch length dim"], generator: np.random.Generator
    ) -> Float[np.ndarray, "batch length"]:
        w = generator.standard_normal((xs.shape[0], xs.shape[2]))
        keys = generator.random((xs.shape[0], self.num_active))
        support = np.argsort(keys, axis=1)[:, : self.sparsity]  # the first of a random order: without replacement
        xs_support = np.take_along_axis(xs, support[:, None, :], axis=2)
        w_support = np.take_along_axis(w, support, axis=1)
        return (xs_support @ w_support[..., None])[..., 0]
