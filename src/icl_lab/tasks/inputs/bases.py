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


def rotated_fourth_moment(variances: Float[np.ndarray, " dim"]) -> float:
    """Mean of x_j^4 for x ~ N(0, U diag(variances) U^T) in uniformly random axes U.

    Given U, x_j is normal with variance c = sum_i U_ji^2 variances_i, so the mean of x_j^4 is 3 E c^2. A row of U is
    uniform on the sphere: E U_ji^4 = 3 / (d (d + 2)), and E U_ji^2 U_jk^2 = 1 / (d (d + 2)) for other k.

    >>> rotated_fourth_moment(np.ones(7))
    3.0
    """
    dim = len(variances)
    return float(3 * (2 * np.sum(variances**2) + np.sum(variances) ** 2) / (dim * (dim + 2)))
