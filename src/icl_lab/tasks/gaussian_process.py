"""Smooth random functions: draws from a Gaussian process with an RBF kernel.

b batch   n num_inputs   d dim
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_lab.core.bounds import Count, NonNegative, Positive
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.parts.curriculum import Curriculum

# Added to the kernel's diagonal: equal inputs make it singular. As label noise it has a standard deviation of 3e-5.
JITTER = 1e-9


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class GaussianProcess(FunctionClass):
    """y = f(x), f a Gaussian process of variance 1 whose correlation is an RBF kernel.

    The Bayes predictor is `gp_posterior` with the task's length scale and noise. Defaults are ours: inputs of two
    coordinates at the kernel's own scale, so that 40 examples cover most of where queries fall.

    Args:
        length_scale: Distance at which the correlation of f has fallen to exp(-1/2).
    """

    formula = "f ~ GP(0, k), k(x, x') = exp(-|x - x'|^2 / (2 length_scale^2));  y = f(x) + noise"
    source = "Muller et al. 2022 (arXiv 2112.10510); Liu et al. 2025 (arXiv 2505.06475)"
    per = ""
    # f(s x) is another function, but it has the variance of f(x).
    degree = 0

    dim: Count = 2
    label_noise: NonNegative = 0.1
    length_scale: Positive = 1.0

    @property
    def baselines(self) -> tuple[str, ...]:
        posterior = f"gp_posterior(length_scale={self.length_scale}, noise={self.label_noise})"
        return (posterior, "nearest_neighbours", "least_squares")

    @property
    def function_variance(self) -> float:
        return 1.0

    @property
    def curriculum(self) -> Curriculum:
        """None is published."""
        return Curriculum()

    def labels(
        self, xs: Float[np.ndarray, "batch num_inputs dim"], generator: np.random.Generator
    ) -> Float[np.ndarray, "batch num_inputs"]:
        factor = np.linalg.cholesky(rbf(xs, self.length_scale) + JITTER * np.eye(xs.shape[1]))
        # A row of a triangular factor reaches back only: f at the first inputs does not depend on how many follow.
        return (factor @ generator.standard_normal((xs.shape[1], len(xs))).T[..., None])[..., 0]


def rbf(xs: Float[np.ndarray, "b n d"], length_scale: float) -> Float[np.ndarray, "b n n"]:
    """exp(-|x - x'|^2 / (2 length_scale^2)), from differences: exactly 1 on the diagonal and for equal inputs."""
    squares = np.zeros((len(xs), xs.shape[1], xs.shape[1]))
    for coordinate in np.moveaxis(xs / length_scale, 2, 0):
        squares += (coordinate[:, :, None] - coordinate[:, None, :]) ** 2
    return np.exp(-squares / 2)
