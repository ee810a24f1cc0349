"""A regression tree grown greedily (CART; Breiman et al. 1984; Grazzi et al. 2024, figure 2c).

A prediction needs one path of the tree only: at each depth we split the node that holds the query, for all prompts at
once, and go on with the side where the query is. Coordinates are ranked once a prompt, so that a node is sorted along
all of them by sorting small integers.

p nodes (one a prompt)   d dim   n examples in the largest node   l length of the prompt
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from icl_lab.baselines.base import BASELINES, ExampleBaseline
from icl_lab.core.bounds import Count

CHUNK = 2**16  # numbers in a temporary array, half a MiB: they stay in the cache of one core
SAME = 1e-7  # values of x closer than this are not told apart, as in scikit-learn
TIED = 1e-10  # gains closer than this fraction are equal; otherwise rounding would choose among equal splits


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class DecisionTree(ExampleBaseline):
    """Mean label of the query's leaf, in a tree whose every split leaves the least squared error around the two means.

    A node is split, half-way between two values of one coordinate, until its labels are equal or the depth is reached;
    among equally good splits the first coordinate wins, where scikit-learn draws one.

    Args:
        max_depth: Splits between the root and a leaf; no limit when none. Grazzi et al. show 4 and none.
    """

    formula = "mean of y_j over the query's leaf of a greedy tree"
    source = "Breiman, Friedman, Olshen & Stone 1984"

    max_depth: Count | None = 4

    def predict_examples(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries"]:
        prompts = Ranked(xs.numpy(), ys.numpy(), queries.numpy())
        return torch.from_numpy(np.stack([self._predict(prompts, i) for i in shown], axis=1))

    def _predict(self, prompts: "Ranked", shown: int) -> Float[np.ndarray, " batch"]:
        predictions = np.empty(prompts.batch)
        nodes = Nodes(
            prompt=np.arange(prompts.batch),
            members=np.tile(np.arange(shown), (prompts.batch, 1)),
            size=np.full(prompts.batch, shown),
        )
        depth = 0
        while len(nodes.prompt):
            means, pure = prompts.summary(nodes)
            predictions[nodes.prompt] = means
            if depth == self.max_depth or pure.all():
                break
            nodes = _split_all(prompts, nodes.some(~pure), means[~pure], shown)
            depth += 1
        return predictions


@dataclass(frozen=True)
class Nodes:
    """The node on the query's path, in each prompt whose path goes on.

    Args:
        prompt: Which prompt, `(p,)`.
        members: Indices of the examples in the node, `(p, n)`; the prompt's length where there is none.
        size: How many there are, `(p,)`.
    """

    prompt: Int[np.ndarray, " p"]
    members: Int[np.ndarray, "p n"]
    size: Int[np.ndarray, " p"]

    def some(self, which: Int[np.ndarray, " chosen"] | Bool[np.ndarray, " p"]) -> "Nodes":
        """Some of the nodes, without padding that none of them needs."""
        size = self.size[which]
        return Nodes(self.prompt[which], self.members[which, : size.max(initial=0)], size)


class Ranked:
    """Prompts with ranked coordinates. Example number `length` is nobody: it ranks last, at infinity, with label 0."""

    def __init__(
        self,
        xs: Float[np.ndarray, "batch length dim"],
        ys: Float[np.ndarray, "batch length"],
        queries: Float[np.ndarray, "batch length dim"],
    ) -> None:
        self.batch, self.length, self.dim = xs.shape
        self.queries = queries
        by_coordinate = xs.swapaxes(1, 2)
        order = np.argsort(by_coordinate, axis=2, kind="stable")
        nobody = np.full((self.batch, self.dim, 1), self.length)
        self.order = np.concatenate([order, nobody], axis=2)
        self.rank = np.concatenate([np.argsort(order, axis=2), nobody], axis=2).astype(np.int32)
        self.xs = np.concatenate([np.take_along_axis(by_coordinate, order, axis=2), nobody * np.inf], axis=2)
        self.labels = np.concatenate([ys, np.zeros((self.batch, 1))], axis=1)
        self.ys = np.take_along_axis(self.labels[:, None], self.order, axis=2)

    def summary(self, nodes: Nodes) -> tuple[Float[np.ndarray, " p"], Bool[np.ndarray, " p"]]:
        """Mean label of every node, and whether all its labels are equal."""
        labels = self.labels[nodes.prompt[:, None], nodes.members]
        # Summed one after the other: the result depends on the members alone, not on the padding behind them.
        means = labels.cumsum(axis=1)[:, -1] / nodes.size
        equal = (labels == labels[:, :1]) | (nodes.members == self.length)
        return means, equal.all(axis=1)


def _split_all(prompts: Ranked, nodes: Nodes, means: Float[np.ndarray, " p"], shown: int) -> Nodes:
    """Split every node and keep the query's side; nodes that cannot be split are left out. In chunks of like size."""
    parts: list[Nodes] = []
    largest_first = np.argsort(-nodes.size, kind="stable")
    while len(largest_first):
        count = max(1, CHUNK // (int(nodes.size[largest_first[0]]) * prompts.dim))
        chunk, largest_first = largest_first[:count], largest_first[count:]
        parts.append(_split(prompts, nodes.some(chunk), means[chunk], shown))
    width = max(part.members.shape[1] for part in parts)
    members = [
        np.pad(part.members, ((0, 0), (0, width - part.members.shape[1])), constant_values=prompts.length)
        for part in parts
    ]
    prompt, size = (np.concatenate([getattr(part, field) for part in parts]) for field in ("prompt", "size"))
    return Nodes(prompt, np.concatenate(members), size)


def _split(prompts: Ranked, nodes: Nodes, means: Float[np.ndarray, " p"], shown: int) -> Nodes:
    """The query's side of the best split of every node that has one."""
    rows = (nodes.prompt[:, None] * prompts.dim + np.arange(prompts.dim))[..., None] * (prompts.length + 1)
    ranks = prompts.rank.reshape(-1).take(rows + nodes.members[:, None])
    ranks.sort(axis=2)
    places = rows + ranks
    xs, ys = prompts.xs.reshape(-1).take(places), prompts.ys.reshape(-1).take(places)

    gains = _gains(xs, ys - means[:, None, None], nodes.size)
    best = gains.max(axis=(1, 2))
    first_best = (gains >= (best * (1 - TIED))[:, None, None]).reshape(len(best), -1).argmax(axis=1)
    coordinate, last_left = np.divmod(first_best, gains.shape[2])

    p = np.arange(len(best))
    threshold = (xs[p, coordinate, last_left] + xs[p, coordinate, last_left + 1]) / 2
    left = prompts.queries[nodes.prompt, shown, coordinate] <= threshold
    size = np.where(left, last_left + 1, nodes.size - last_left - 1)
    slots = np.where(left, 0, last_left + 1)[:, None] + np.arange(size.max())
    kept = ranks[p[:, None], coordinate[:, None], np.minimum(slots, ranks.shape[2] - 1)]
    kept[np.arange(size.max()) >= size[:, None]] = prompts.length
    members = prompts.order[nodes.prompt[:, None], coordinate[:, None], kept]
    return Nodes(nodes.prompt, members, size).some(best >= 0)


def _gains(
    xs: Float[np.ndarray, "p d n"], ys: Float[np.ndarray, "p d n"], size: Int[np.ndarray, " p"]
) -> Float[np.ndarray, "p d cuts"]:
    """By how much the squared error falls when a node is cut after its first, second ... example; -1 for no cut.

    Args:
        xs: Values along each coordinate, ascending.
        ys: Labels in that order, minus the node's mean. If S is the sum of the first m, the error falls by
            S^2 n / (m (n - m)).
        size: Examples in the node, n.
    """
    m = np.arange(1, xs.shape[2])
    rest = size[:, None] - m
    weights = size[:, None] / (m * np.maximum(rest, 1))
    gains = np.square(ys[..., :-1].cumsum(axis=2)) * weights[:, None]
    gains[(xs[..., 1:] <= xs[..., :-1] + SAME) | (rest <= 0)[:, None]] = -1
    return gains
