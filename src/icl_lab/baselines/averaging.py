"""Averaging: w is the mean of y x, one step of gradient descent from 0 (Garg et al. 2022, section 3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, ExampleBaseline


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class Averaging(ExampleBaseline):
    """Prediction at x from i examples: x.(1/i) sum_j y_j x_j. It is unbiased where x ~ N(0, I), and wasteful."""

    formula = "w = (1/i) sum_j y_j x_j"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 3"

    def predict_examples(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries"]:
        chosen = torch.tensor(shown)
        sums = (xs * ys[..., None]).cumsum(1)[:, chosen - 1]
        return (queries[:, chosen] * sums).sum(-1) / chosen
