"""Questions orthogonal to all examples so far (Garg et al. 2022, section 4)."""

from dataclasses import dataclass

import numpy as np

from icl_lab.tasks.queries.base import QUERIES, Inputs3d, Queries

ROUNDING = 1e-9  # what is left of a vector by less than this is rounding, not a direction
# A coordinate this small against the whole vector is 0: each projection rounds at 2e-16 of it, and there are at most
# some hundred. Inputs on corners of a cube have such coordinates often, normal ones never.
ZERO = 1e-12


@QUERIES.register
@dataclass(frozen=True, kw_only=True)
class Orthogonal(Queries):
    """The next input, projected on the orthogonal complement of the examples and brought back to its own length.

    Where nothing is orthogonal to the examples, after as many as their space has dimensions, nothing is asked.
    """

    moves_inputs = True
    source = "Garg et al. 2022 (arXiv 2208.01066), section 4"

    def sample(self, generator: np.random.Generator, xs: Inputs3d) -> tuple[Inputs3d, Inputs3d]:
        _, length, dim = xs.shape
        asked = np.full_like(xs, np.nan)
        asked[:, 0] = xs[:, 0]
        shown = min(length, dim)
        # Column i of Q spans what example i adds to those before it.
        basis = np.linalg.qr(xs[:, :shown].swapaxes(1, 2)).Q
        left = xs[:, :shown].copy()
        for i in range(1, shown):
            known = basis[:, :, i - 1]
            left[:, i:] -= (left[:, i:] @ known[:, :, None]) * known[:, None]
            whole, rest = (np.linalg.norm(part[:, i], axis=1, keepdims=True) for part in (xs, left))
            none = np.full_like(rest, np.nan)
            direction = np.where(np.abs(left[:, i]) > ZERO * whole, left[:, i], 0.0)
            asked[:, i] = np.divide(whole, rest, out=none, where=rest > ROUNDING * whole) * direction
        return xs, asked
