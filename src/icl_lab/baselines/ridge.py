"""Ridge regression: least squares that is also charged for the size of w (Hoerl & Kennard 1970)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, LinearBaseline
from icl_lab.baselines.parts.moments import prefix_moments
from icl_lab.core.bounds import Positive


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class Ridge(LinearBaseline):
    """The w that minimises |X w - y|^2 + strength |w|^2; no intercept.

    With w ~ N(0, I) and label noise of variance `strength` it is the posterior mean: no predictor has a smaller error.

    Args:
        strength: Weight of |w|^2, in the unit of the noise variance; not divided by the number of examples.
    """

    formula = "w = (X^T X + strength I)^-1 X^T y"
    source = "Hoerl & Kennard 1970"

    strength: Positive = 1.0

    def weights(
        self, xs: Float[Tensor, "batch length dim"], ys: Float[Tensor, "batch length"], shown: Sequence[int]
    ) -> Iterator[Float[Tensor, "batch dim"]]:
        penalty = self.strength * torch.eye(xs.shape[2], dtype=xs.dtype)
        for _, gram, correlations in prefix_moments(xs, ys, shown):
            yield torch.linalg.solve(gram + penalty, correlations[..., None])[..., 0]
