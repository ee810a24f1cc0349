"""Finite pools of functions: drawn once from a seed, the same for the task that uses them and whoever knows them."""

from functools import cache

import numpy as np
from jaxtyping import Float

from icl_lab.core.streams import Stream


@cache
def weight_pool(seed: int, num_tasks: int, dim: int) -> Float[np.ndarray, "num_tasks dim"]:
    """Weight vectors w ~ N(0, I), float64, read-only. A pool is the beginning of every larger one of its seed.

    Args:
        seed: Of the pool; training and evaluation seeds have nothing to do with it.
        num_tasks: Vectors in the pool.
        dim: Their coordinates.

    >>> bool((weight_pool(0, 2, 3) == weight_pool(0, 4, 3)[:2]).all())
    True
    """
    pool = Stream(seed, ("pool", "weights")).generator().standard_normal((num_tasks, dim))
    pool.flags.writeable = False
    return pool
