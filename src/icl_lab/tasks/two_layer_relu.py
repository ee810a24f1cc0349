"""Random two-layer networks (Garg et al. 2022; Park et al. 2024, table 1; Grazzi et al. 2024, figure 2b).

b batch   l length   d dim   r hidden
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_lab.core.bounds import Count
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.families.function_class import FunctionClass


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class TwoLayerRelu(FunctionClass):
    """y = sqrt(2 / hidden) v.relu(W x), all weights standard normal, no biases; scaled so that E y^2 = E |x|^2.

    Args:
        hidden: Units between the two layers.
    """

    formula = "W ~ N(0, 1)^(r x d), v ~ N(0, I_r);  y = sqrt(2/r) v.relu(W x) + noise"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 5"
    shortest = 26
    lengthening = 5

    length: Count = 101
    hidden: Count = 100

    @property
    def function_variance(self) -> float:
        # E relu(a)^2 = E a^2 / 2 for a symmetric a, so E y^2 = (2/r) r E |x|^2 / 2.
        return float(self.num_active)

    def labels(
        self, xs: Float[np.ndarray, "batch length dim"], generator: np.random.Generator
    ) -> Float[np.ndarray, "batch length"]:
        batch, _, dim = xs.shape
        first = generator.standard_normal((batch, dim, self.hidden))
        second = generator.standard_normal((batch, self.hidden, 1))
        return np.sqrt(2 / self.hidden) * (np.maximum(xs @ first, 0) @ second)[..., 0]
