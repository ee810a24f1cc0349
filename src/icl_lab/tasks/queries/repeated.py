"""Questions that have been answered: copies of an example (Garg et al. 2022, section 4, "overlapping")."""

from dataclasses import dataclass

import numpy as np

from icl_lab.tasks.queries.base import QUERIES, Inputs3d, Queries


@QUERIES.register
@dataclass(frozen=True, kw_only=True)
class Repeated(Queries):
    """A copy of one of the examples so far, drawn uniformly; before the first example, a new input."""

    source = "Garg et al. 2022 (arXiv 2208.01066), section 4"

    def sample(self, generator: np.random.Generator, xs: Inputs3d) -> tuple[Inputs3d, Inputs3d]:
        batch, length, _ = xs.shape
        # Example i of those before query i, uniformly: floor(u i) < i.
        chosen = (generator.random((batch, length)) * np.arange(length)).astype(np.intp)
        asked = np.take_along_axis(xs, chosen[..., None], axis=1)
        asked[:, 0] = xs[:, 0]
        return xs, asked
