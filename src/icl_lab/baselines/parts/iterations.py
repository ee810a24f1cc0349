"""Iterative methods for least squares: all their iterates at once, from the spectrum of X^T X.

Each method here acts on every eigen-direction of G = X^T X alone. What it still has to go after t steps is a number
r_t(lambda) for each eigenvalue, 1 at w = 0 and 0 at the end, so that with c = X^T y and G = V diag(lambda) V^T

    w_t = V diag((1 - r_t(lambda)) / lambda) V^T c

and no step adds to the rounding of the one before it. Descent starts from w_0 = 0, r_0 = 1; Newton's iteration from
the w of its first guess at the inverse.

b batch   d dim   i examples   s steps
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import LinearBaseline
from icl_lab.baselines.parts.moments import prefix_moments
from icl_lab.core.bounds import Natural

# Of the largest eigenvalue: what is below it is 0 but for rounding, and no method ever moves in such a direction.
NOTHING = 1e-12


@dataclass(frozen=True)
class Spectrum:
    """What an iterative method needs to know of some examples.

    Args:
        eigenvalues: Of X^T X, ascending, those that are nothing but rounding set to 0, `(batch, dim)`.
        vectors: The eigenvectors as columns, `(batch, dim, dim)`.
        moments: V^T X^T y, `(batch, dim)`.
        shown: Examples that are summed over.
    """

    eigenvalues: Float[Tensor, "batch dim"]
    vectors: Float[Tensor, "batch dim dim"]
    moments: Float[Tensor, "batch dim"]
    shown: int

    @property
    def largest(self) -> Float[Tensor, "batch 1"]:
        """The largest eigenvalue; 1 where all are 0."""
        largest = self.eigenvalues[:, -1:]
        return torch.where(largest > 0, largest, 1.0)

    @property
    def smallest(self) -> Float[Tensor, "batch 1"]:
        """The smallest eigenvalue that is not 0; 1 where all are."""
        alive = self.eigenvalues.masked_fill(self.eigenvalues == 0, torch.inf).amin(1, keepdim=True)
        return torch.where(alive.isfinite(), alive, 1.0)


def spectrum_of(gram: Float[Tensor, "batch dim dim"], correlations: Float[Tensor, "batch dim"], shown: int) -> Spectrum:
    """The spectrum of second moments that are sums over `shown` examples."""
    eigenvalues, vectors = torch.linalg.eigh(gram)
    eigenvalues = torch.where(eigenvalues > NOTHING * eigenvalues[:, -1:], eigenvalues, 0.0)
    return Spectrum(eigenvalues, vectors, (vectors.mT @ correlations[..., None])[..., 0], shown)


@dataclass(frozen=True, kw_only=True)
class IterativeBaseline(LinearBaseline):
    """A method that improves w step by step on all examples at once.

    Args:
        steps: How many steps it takes from where it starts; descent starts from w = 0, Newton's iteration does not.
    """

    # A spectrum for every number of examples: at all 500 points of a long prompt it takes longer than all models.
    refits = True

    steps: Natural = 10

    @abstractmethod
    def remaining(self, spectrum: Spectrum) -> Iterator[Float[Tensor, "batch dim"]]:
        """r_0, r_1, ... without end: the share of the way left in each direction, at the start and after steps."""

    def iterates(self, spectrum: Spectrum, steps: int | None = None) -> Float[Tensor, "iterates batch dim"]:
        """w_0, w_1, ..., up to `steps`, which are this method's own by default."""
        steps = self.steps if steps is None else steps
        eigenvalues = spectrum.eigenvalues
        solution = torch.where(eigenvalues > 0, spectrum.moments / eigenvalues.clamp(min=1e-300), 0.0)
        lefts = islice(self.remaining(spectrum), steps + 1)
        return torch.stack([(spectrum.vectors @ ((1 - left) * solution)[..., None])[..., 0] for left in lefts])

    def weights(
        self, xs: Float[Tensor, "batch length dim"], ys: Float[Tensor, "batch length"], shown: Sequence[int]
    ) -> Iterator[Float[Tensor, "batch dim"]]:
        for i, gram, correlations in prefix_moments(xs, ys, shown):
            yield self.iterates(spectrum_of(gram, correlations, i))[-1]
