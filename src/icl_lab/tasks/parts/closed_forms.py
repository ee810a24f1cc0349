"""Errors that are known without sampling: the truth that baselines and models are measured against."""

import math


def least_squares_error(shown: int, dims: int, signal: float, noise_variance: float) -> float:
    """Expected squared error of minimum-norm least squares on y = w.x + noise, x ~ N(0, I), w isotropic.

    Below `dims` examples the solution misses the part of w that no example touched, and noise is amplified near `dims`;
    beyond, only noise is left. Both follow from the mean of an inverse Wishart matrix, which is infinite within one
    example of `dims` (Belkin, Hsu & Xu 2020, "Two models of double descent for weak features", theorem 1).

    Args:
        shown: Examples before the query.
        dims: Coordinates of x that vary.
        signal: Expected squared norm of w on them.
        noise_variance: Variance of the noise of every label, that of the query included.

    >>> [least_squares_error(k, 20, 20.0, 0.0) for k in (0, 5, 20, 30)]
    [20.0, 15.0, 0.0, 0.0]
    >>> least_squares_error(41, 20, 20.0, 1.0)
    2.0
    >>> least_squares_error(20, 20, 20.0, 1.0)
    inf
    """
    missed = signal * max(0.0, 1 - shown / dims)
    if noise_variance == 0:
        return missed
    excess = abs(dims - shown) - 1
    if excess <= 0 and shown > 0:
        return math.inf
    amplified = min(shown, dims) / excess if shown > 0 else 0.0
    return missed + noise_variance * (1 + amplified)
