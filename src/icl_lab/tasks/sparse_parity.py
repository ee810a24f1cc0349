"""Sparse parities: the product of a few hidden signs (Bhattamishra et al. 2023; Park et al. 2024, table 1).

b batch   p prompts with a subset of their own: b, or 1   l length   d dim   k sparsity
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.families.sign_function import SignFunction
from icl_lab.tasks.inputs.base import Inputs
from icl_lab.tasks.inputs.bases import Per
from icl_lab.tasks.inputs.signs import Signs
from icl_lab.tasks.parts.curriculum import Curriculum


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class SparseParity(SignFunction):
    """The product of the signs of `sparsity` coordinates, a uniformly random subset of the active ones.

    Args:
        sparsity: Coordinates in the subset.
        subset_per: Whether a subset is drawn for every prompt, or once for a whole batch as in the released code of
            Park et al.
    """

    formula = "x uniform on {-1, 1}^d;  S of k coordinates;  y = product of x_j over j in S"
    source = "Bhattamishra et al. 2023 (arXiv 2310.03016); Park et al. 2024 (arXiv 2402.04248), table 1"
    only_corners = True
    corrected = ("one subset a prompt; released: one a batch (subset_per=batch)",)

    dim: Count = 10
    length: Count = 140
    inputs: Inputs = Signs()
    sparsity: Count = 2
    subset_per: Per = "prompt"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sparsity > self.num_active:
            room = f"at most {self.num_active}, the active coordinates"
            raise UserError(f"{self.spec_name()}.sparsity: expected {room}, got {self.sparsity}")

    @property
    def baselines(self) -> tuple[str, ...]:
        bayes = "bayes_parity" if self.sparsity == 2 else f"bayes_parity(sparsity={self.sparsity})"
        return (bayes, "nearest_neighbours", "least_squares")

    @property
    def shared_draws(self) -> bool:
        return super().shared_draws or self.subset_per == "batch"

    @property
    def curriculum(self) -> Curriculum:
        """None: Park et al. train on all coordinates and examples from the start."""
        return Curriculum()

    def labels(
        self, xs: Float[np.ndarray, "batch length dim"], generator: np.random.Generator
    ) -> Float[np.ndarray, "batch length"]:
        prompts = len(xs) if self.subset_per == "prompt" else 1
        keys = generator.random((prompts, self.num_active))
        subset = np.argsort(keys, axis=1)[:, : self.sparsity]  # the first of a random order: without replacement
        chosen = np.take_along_axis(xs, subset[:, None, :], axis=2)
        return np.where(chosen > 0, 1.0, -1.0).prod(axis=2)
