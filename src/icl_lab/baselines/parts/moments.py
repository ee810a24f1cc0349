"""Second moments of growing prefixes: what ridge regression and the Lasso need to know of the examples."""

from collections.abc import Iterator, Sequence

from jaxtyping import Float
from torch import Tensor

Gram = Float[Tensor, "batch dim dim"]
Correlations = Float[Tensor, "batch dim"]


def prefix_moments(
    xs: Float[Tensor, "batch length dim"], ys: Float[Tensor, "batch length"], shown: Sequence[int]
) -> Iterator[tuple[int, Gram, Correlations]]:
    """X^T X and X^T y of the first i examples, for every i of `shown`, which ascends."""
    batch, _, dim = xs.shape
    gram, correlations, done = xs.new_zeros(batch, dim, dim), xs.new_zeros(batch, dim), 0
    for i in shown:
        new = xs[:, done:i]
        gram = gram + new.mT @ new
        correlations = correlations + (new.mT @ ys[:, done:i, None])[..., 0]
        done = i
        yield i, gram, correlations
