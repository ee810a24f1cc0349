"""The Bayes vote over parities: every subset that explains the examples has one voice (Park et al. 2024, table 1).

b batch   n examples   d dim   s subsets   q queries
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, Baseline, chunks
from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch, require_examples

LARGEST = 20_000  # subsets; one prompt of 140 examples then takes some 50 MiB
CHUNK = 2**22  # products held at once


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class BayesParity(Baseline):
    """Mean parity of the query's signs over the subsets that agree with most examples: all of them, without noise.

    This is the posterior mean under a uniform prior on subsets, so no predictor errs less often. Before the first
    example every subset votes, which is already better than chance. With label noise it is the vote of the most likely
    subsets. Only the signs of inputs and labels are read.

    Args:
        sparsity: Coordinates in a subset.
    """

    formula = "sign of the sum of prod_{j in S} x_j over the subsets S that explain all examples"
    source = "the posterior mean; reference line of sparse parity in Park et al. 2024 (arXiv 2402.04248)"

    told = ("sparsity",)

    sparsity: Count = 2

    def check_dim(self, dim: int) -> None:
        number = math.comb(dim, self.sparsity)
        if not 0 < number <= LARGEST:
            raise UserError(
                f"the baseline {self.label} needs between 1 and {LARGEST} subsets of {self.sparsity} among {dim} "
                f"coordinates, there are {number}: choose another baseline, a smaller dim or another sparsity"
            )

    def answers(self, prompts: PromptBatch, shown: Sequence[int]) -> Float[Tensor, "batch queries"]:
        examples = require_examples(prompts, f"the baseline {self.label}")
        if examples.ys.ndim != 2:
            raise UserError(f"the baseline {self.label} needs labels of one number, got {examples.ys.shape[2]}")
        subsets = self._subsets(examples.xs.shape[2])
        xs, ys, asked = (part.sign().to(torch.int8) for part in (examples.xs, examples.ys, examples.queries))
        chosen = torch.tensor(list(shown), dtype=torch.long)
        rows = chunks(len(xs), len(subsets) * xs.shape[1], CHUNK)
        return torch.cat([_vote(xs[r], ys[r], asked[r][:, chosen], subsets, chosen) for r in rows])

    def _subsets(self, dim: int) -> Tensor:
        """All subsets, as indices, `(s, sparsity)`."""
        self.check_dim(dim)
        return torch.tensor(list(combinations(range(dim), self.sparsity)))


def _vote(xs: Tensor, ys: Tensor, asked: Tensor, subsets: Tensor, shown: Tensor) -> Float[Tensor, "b q"]:
    """The mean parity at every query over the subsets with the most agreements before it."""
    agrees = _parities(xs, subsets) * ys[..., None]
    agreements = torch.zeros(len(xs), xs.shape[1] + 1, len(subsets), dtype=torch.int32)
    torch.cumsum(agrees, dim=1, dtype=torch.int32, out=agreements[:, 1:])
    before = agreements[:, shown]
    voters = before == before.amax(2, keepdim=True)
    votes = (voters * _parities(asked, subsets)).sum(2, dtype=torch.float64)
    return votes / voters.sum(2)


def _parities(signs: Tensor, subsets: Tensor) -> Tensor:
    """The product of signs over every subset, `(b, n, s)`; coordinate by coordinate, which needs no larger array."""
    product = signs[..., subsets[:, 0]]
    for column in subsets.T[1:]:
        product = product * signs[..., column]
    return product
