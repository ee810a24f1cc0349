"""Examples in one orthant, questions anywhere (Garg et al. 2022, section 4; Grazzi et al. 2024, figure 1c)."""

from dataclasses import dataclass

import numpy as np

from icl_lab.tasks.queries.base import QUERIES, Inputs3d, Queries


@QUERIES.register
@dataclass(frozen=True, kw_only=True)
class OtherOrthants(Queries):
    """The examples of a prompt are reflected into one random orthant; the questions keep their own."""

    moves_inputs = True
    source = "Garg et al. 2022 (arXiv 2208.01066), section 4"

    def sample(self, generator: np.random.Generator, xs: Inputs3d) -> tuple[Inputs3d, Inputs3d]:
        batch, _, dim = xs.shape
        signs = generator.choice([-1.0, 1.0], size=(batch, 1, dim))
        return np.abs(xs) * signs, xs
