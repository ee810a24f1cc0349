"""Least squares along a chain: the hidden layer from (x, s), the answer from (s, y).

b batch   n num_examples   d dim   h hidden
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, Baseline
from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch, require_examples

# A squared length, relative to the whole vector, below which a new direction is taken for rounding. Prompts are rounded
# to float32, 6e-8 of each number, so a direction as weak as this is known to 6e-4 of its size.
ROUNDING = 1e-8


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class ChainLeastSquares(Baseline):
    """Knows that s = sqrt(2/h) relu(x W) and y = v.s with normal W and v, and computes E[v | s, y] . E[s | x, s].

    A unit that is not silent gives an equation w.x = s without noise, and each example one for v; given these, w and v
    are normal, with the solutions of smallest norm as means. A silent unit also says that w.x <= 0. That is left out,
    and it is all that separates these answers from the Bayes predictor's: after as many equations as unknowns, about
    twice `dim` examples, both are exact.

    Args:
        hidden: Width of the hidden layer, which is the second of the three tokens of an example.
    """

    formula = "y = v.s, v = S^+ y;  s = E relu(a), a ~ N(w.x, |P x|^2 2/h), w = X_+^+ s_+, P = I - X_+^+ X_+"
    source = "conditioning of a normal distribution; task of Li et al. 2023 (arXiv 2305.18869)"

    told = ("hidden",)

    hidden: Count = 8

    def answers(self, prompts: PromptBatch, shown: Sequence[int]) -> Float[Tensor, "batch queries"]:
        xs, states, ys = self._parts(prompts)
        first = _Normal.prior(len(xs), self.hidden, xs.shape[2], variance=2 / self.hidden)
        second = _Normal.prior(len(xs), 1, self.hidden, variance=1.0)
        predictions, wanted = [], set(shown)
        for i in range(max(wanted, default=-1) + 1):
            x, state = xs[:, i], states[:, i]
            if i in wanted:
                # Without branches the hidden layer of the query stands in the prompt, before the question.
                guess = first.expected_relu(x) if prompts.branches is not None else state
                predictions.append((second.mean[:, 0] * guess).sum(1))
            first = first.given(x, state, state > 0)
            second = second.given(state, ys[:, i, None], torch.ones_like(state[:, :1], dtype=torch.bool))
        return torch.stack(predictions, dim=1) if predictions else xs.new_zeros(len(xs), 0)

    def _parts(
        self, prompts: PromptBatch
    ) -> tuple[Float[Tensor, "b n d"], Float[Tensor, "b n h"], Float[Tensor, "b n"]]:
        examples = require_examples(prompts, f"the baseline {self.label}")
        _, count, dim = examples.xs.shape
        tokens = prompts.tokens
        if tokens.ndim != 3 or tokens.shape[1] != 3 * count or tokens.shape[2] < max(self.hidden, dim):
            raise UserError(
                f"the baseline {self.label} needs prompts of three tokens an example, the second of at least "
                f"{self.hidden} numbers; got tokens of shape {tuple(tokens.shape[1:])} for {count} examples"
            )
        by_example = rearrange(tokens.double(), "b (n three) width -> three b n width", three=3)
        return by_example[0, ..., :dim], by_example[1, ..., : self.hidden], by_example[2, ..., 0]


@dataclass(frozen=True)
class _Normal:
    """Independent normal distributions of vectors; `unknown` projects on the directions not known yet."""

    mean: Float[Tensor, "b h d"]
    unknown: Float[Tensor, "b h d d"]
    variance: float

    @staticmethod
    def prior(batch: int, count: int, dim: int, variance: float) -> "_Normal":
        unknown = torch.eye(dim, dtype=torch.float64).expand(batch, count, dim, dim)
        return _Normal(torch.zeros(batch, count, dim, dtype=torch.float64), unknown, variance)

    def given(self, x: Float[Tensor, "b d"], value: Float[Tensor, "b h"], holds: Bool[Tensor, "b h"]) -> "_Normal":
        """Given that the product with x is known, where it is."""
        new = torch.einsum("bhij,bj->bhi", self.unknown, x)
        size = torch.einsum("bhi,bi->bh", new, x)
        holds = holds & (size > ROUNDING * x.square().sum(1, keepdim=True))
        step = torch.where(holds, 1 / size.where(holds, torch.ones_like(size)), 0.0)
        missing = value - torch.einsum("bhi,bi->bh", self.mean, x)
        return _Normal(
            self.mean + (step * missing)[..., None] * new,
            self.unknown - step[..., None, None] * new[..., :, None] * new[..., None, :],
            self.variance,
        )

    def expected_relu(self, x: Float[Tensor, "b d"]) -> Float[Tensor, "b h"]:
        """Mean of the positive part of the product with x."""
        mean = torch.einsum("bhi,bi->bh", self.mean, x)
        variance = self.variance * torch.einsum("bhij,bi,bj->bh", self.unknown, x, x)
        std = variance.clamp(min=torch.finfo(torch.float64).tiny).sqrt()
        z = mean / std
        return mean * torch.special.ndtr(z) + std * torch.exp(-z.square() / 2) / math.sqrt(2 * math.pi)
