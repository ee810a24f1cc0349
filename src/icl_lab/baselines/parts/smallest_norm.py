"""The least-squares solution of smallest norm for prefixes whose inputs need not span all coordinates.

b batch   n examples   d dim   r rank
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

# Directions weaker than this fraction of the strongest one are taken for rounding noise. Prompts are rounded to
# float32, which puts noise of a quarter of this size into directions that inputs from a subspace do not have.
RANK_TOLERANCE = torch.finfo(torch.float32).eps
# Triangular factors whose diagonal spans less than this are far from losing a rank at that tolerance.
SAFE_SPAN = 1e-3
# What second moments may hold outside a subspace, in units of the largest direction's, for its rank to be beyond doubt:
# half of what the tolerance allows. Float64's rounding is a thirtieth of this.
NEGLIGIBLE = RANK_TOLERANCE**2 / 2

Inputs = Float[Tensor, "b n d"]
Labels = Float[Tensor, "b n"]
Weights = Float[Tensor, "b d"]
Gram = Float[Tensor, "b d d"]


class SmallestNorm:
    """Solves for prefix after prefix of the same prompts, by SVD where nothing is known of what their inputs span.

    Once an SVD has found the subspace, second moments do for longer prefixes: a step of subspace iteration turns it to
    where the new examples have it, and the rank, which could have grown, is checked every time.
    """

    def __init__(self) -> None:
        self._basis: Float[Tensor, "b d r"] | None = None

    def solve(
        self,
        xs: Inputs,
        ys: Labels,
        wanted: Bool[Tensor, " b"],
        moments: tuple[Gram, Weights] | None = None,
    ) -> Float[Tensor, "wanted d"]:
        """The solutions of the wanted prompts.

        Args:
            xs: Inputs so far, of all prompts.
            ys: Their labels.
            wanted: Which prompts.
            moments: X^T X and X^T y of all prompts, where they are known.
        """
        w, found = xs.new_zeros(len(xs), xs.shape[2]), torch.zeros_like(wanted)
        if self._basis is not None:
            gram, correlations = (xs.mT @ xs, (xs.mT @ ys[..., None])[..., 0]) if moments is None else moments
            w[wanted], found[wanted] = _within(self._basis[wanted], gram[wanted], correlations[wanted])
        missing = wanted & ~found
        if missing.any():
            w[missing], bases = _by_svd(xs[missing], ys[missing])
            self._remember(bases, missing)
        return w[wanted]

    def _remember(self, bases: Float[Tensor, "some d r"], whose: Bool[Tensor, " b"]) -> None:
        old = bases.new_zeros(len(whose), bases.shape[1], 0) if self._basis is None else self._basis
        # A subspace with fewer dimensions than another prompt's is filled up with zeros and is solved by SVD.
        new = bases.new_zeros(len(whose), bases.shape[1], max(bases.shape[2], old.shape[2]))
        new[..., : old.shape[2]] = old
        new[whose] = 0.0
        new[whose, :, : bases.shape[2]] = bases
        used = new[..., new.count_nonzero(dim=(0, 1)) > 0]
        self._basis = used if used.shape[2] else None


def _within(basis: Float[Tensor, "b d r"], gram: Gram, correlations: Weights) -> tuple[Weights, Bool[Tensor, " b"]]:
    """Solutions in the r strongest directions, of which `basis` is a good guess, and whether there are plainly r."""
    image = gram @ basis
    factor, info = torch.linalg.cholesky_ex(basis.mT @ image)
    diagonal = factor.diagonal(dim1=1, dim2=2)
    # What is wrong with the guess shrinks by the ratio of negligible to kept second moments: to below rounding.
    turned = torch.cholesky_solve(image.mT, factor).mT
    # The largest eigenvalue of what is left bounds that of every direction that is not kept (Weyl).
    left = torch.linalg.matrix_norm(gram - turned @ image.mT)
    strongest = diagonal.amax(1)
    certain = (info == 0) & (diagonal.amin(1) > SAFE_SPAN * strongest) & (left < NEGLIGIBLE * strongest**2)
    inner, trouble = torch.linalg.cholesky_ex(turned.mT @ gram @ turned)
    coordinates = torch.cholesky_solve(turned.mT @ correlations[..., None], inner)
    return (turned @ coordinates)[..., 0], certain & (trouble == 0)


def _by_svd(xs: Inputs, ys: Labels) -> tuple[Weights, Float[Tensor, "b d r"]]:
    """Solutions for any inputs, and orthonormal directions that they span, the strongest first and zeros behind."""
    u, values, vh = torch.linalg.svd(xs, full_matrices=False)
    kept = values > RANK_TOLERANCE * values[:, :1]
    coordinates = torch.where(kept, (u.mT @ ys[..., None])[..., 0] / values, 0.0)
    basis = torch.where(kept[:, None], vh.mT, 0.0)
    return (vh.mT @ coordinates[..., None])[..., 0], basis
