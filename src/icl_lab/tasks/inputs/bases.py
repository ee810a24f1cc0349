"""Random orthonormal bases, of which the skewed and the subspace inputs are made. d dim   r rank."""

from typing import Literal

import numpy as np
from jaxtyping import Float

Per = Literal["batch", "prompt"]


def random_bases(
    generator: np.random.Generator, per: Per, batch: int, dim: int, rank: int
) -> Float[np.ndarray, "bases dim rank"]:
    """Orthonormal columns that span a uniformly random subspace: one basis for the whole batch, or one a prompt.

    The first axis is 1 or `batch`, so that the result broadcasts over the prompts of a batch. The signs of the columns
    are LAPACK's choice; whoever multiplies them by symmetric random numbers does not see them.
    """
    bases = 1 if per == "batch" else batch
    return np.linalg.qr(generator.standard_normal((bases, dim, rank))).Q
