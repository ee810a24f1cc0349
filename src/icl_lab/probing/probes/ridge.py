"""A linear probe: ridge regression from activations to targets, its strength chosen on part of the training prompts.

r rows   m activations   n numbers of a target
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Weights of |W|^2 for activations of variance 1, as a part of the number of rows."""


class Ridge(NamedTuple):
    """A fitted linear probe: `(x - mean) / spread @ weights + shift`."""

    mean: Float[Tensor, " m"]
    spread: Float[Tensor, " m"]
    weights: Float[Tensor, "m n"]
    shift: Float[Tensor, " n"]

    def predict(self, x: Float[Tensor, "r m"]) -> Float[Tensor, "r n"]:
        """The target at activations."""
        return (x - self.mean) / self.spread @ self.weights + self.shift


def fit(x: Float[Tensor, "r m"], y: Float[Tensor, "r n"], strengths: Sequence[float] = STRENGTHS) -> Ridge:
    """Fit with the strength that does best on the last quarter of the rows, then on all of them; in float64."""
    x, y = x.double(), y.double()
    kept = max(1, 3 * len(x) // 4)
    chosen = strengths[0]
    if len(strengths) > 1 and kept < len(x):
        losses = [
            float((fitted.predict(x[kept:]) - y[kept:]).square().mean())
            for fitted in _all(x[:kept], y[:kept], strengths)
        ]
        chosen = strengths[losses.index(min(losses))]
    return _all(x, y, (chosen,))[0]


def _all(x: Float[Tensor, "r m"], y: Float[Tensor, "r n"], strengths: Sequence[float]) -> list[Ridge]:
    """Fits with each strength, from one set of second moments."""
    mean, shift = x.mean(0), y.mean(0)
    spread = x.std(0, correction=0)
    spread = torch.where(spread > 1e-12 * spread.amax(), spread, 1.0)
    scaled = (x - mean) / spread
    gram, along = scaled.mT @ scaled / len(x), scaled.mT @ (y - shift) / len(x)
    penalty = torch.eye(len(gram), dtype=x.dtype)
    return [Ridge(mean, spread, torch.linalg.solve(gram + s * penalty, along), shift) for s in strengths]
