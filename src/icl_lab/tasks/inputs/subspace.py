"""Inputs from a random subspace, isotropic inside it.

Source: Garg et al. 2022, section 4; Grazzi et al. 2024, figure 1f. The appendix of the latter speaks of zeroing half
of the coordinates; the figure and the released code use a random subspace and rescale, which is what we do.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.tasks.inputs.base import INPUTS, Inputs
from icl_lab.tasks.inputs.bases import Per, random_bases, rotated_fourth_moment


@INPUTS.register
@dataclass(frozen=True, kw_only=True)
class Subspace(Inputs):
    """x = sqrt(dim / rank) P z with z ~ N(0, I) and P the projector on a uniformly random subspace.

    Args:
        rank: Dimensions of the subspace; half of those of x, rounded up, by default.
        per: Whether the subspace is drawn once for a whole batch, as in the released code, or for every prompt.
    """

    rank: Count | None = None
    per: Per = "batch"

    @property
    def shared_draws(self) -> bool:
        return self.per == "batch"

    def check(self, dim: int) -> None:
        if self.rank is not None and self.rank > dim:
            raise UserError(f"{self.spec_name()}.rank: expected at most dim={dim}, got {self.rank}")

    def fourth_moment(self, dim: int) -> float:
        rank = self._rank(dim)
        return rotated_fourth_moment(np.repeat([dim / rank, 0.0], [rank, dim - rank]))

    def sample(
        self, generator: np.random.Generator, batch: int, length: int, dim: int
    ) -> Float[np.ndarray, "batch length dim"]:
        rank = self._rank(dim)
        basis = random_bases(generator, self.per, batch, dim, rank)
        z = generator.standard_normal((batch, length, rank))
        return np.sqrt(dim / rank) * z @ basis.swapaxes(1, 2)

    def _rank(self, dim: int) -> int:
        return (dim + 1) // 2 if self.rank is None else self.rank
