"""Nearest neighbours: the mean label of the examples closest to the query (Garg et al. 2022, section 3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import BASELINES, ExampleBaseline, chunks
from icl_lab.core.bounds import Count

CHUNK = 2**24  # distances held at once: 128 MiB


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class NearestNeighbours(ExampleBaseline):
    """Mean label of the `neighbours` examples nearest to x in Euclidean distance, of all while there are fewer.

    Args:
        neighbours: How many labels are averaged.
    """

    formula = "mean of y_j over the k nearest x_j"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 3"

    neighbours: Count = 3

    def predict_examples(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries"]:
        return self.predict_vectors(xs, ys[..., None], queries, shown)[..., 0]

    def predict_vectors(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length outputs"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries outputs"]:
        chosen = torch.tensor(shown)
        rows = chunks(len(xs), len(chosen) * xs.shape[1], CHUNK)
        return torch.cat([self._chunk(xs[r], ys[r], queries[r], chosen) for r in rows])

    def _chunk(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length outputs"],
        queries: Float[Tensor, "batch length dim"],
        shown: Tensor,
    ) -> Float[Tensor, "batch queries outputs"]:
        # Sums of squared differences, not the faster expansion by products, which cancels for near neighbours.
        distances = torch.cdist(queries[:, shown], xs, compute_mode="donot_use_mm_for_euclid_dist")
        unseen = torch.arange(xs.shape[1]) >= shown[:, None]
        count = min(self.neighbours, xs.shape[1])
        nearest, indices = distances.masked_fill_(unseen, torch.inf).topk(count, largest=False)
        labels = ys[torch.arange(len(ys))[:, None, None], indices]
        sums = labels.masked_fill(nearest.isinf()[..., None], 0).sum(2)
        return sums / shown.clamp(max=count)[:, None]
