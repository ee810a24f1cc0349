"""Random decision trees (Garg et al. 2022; Park et al. 2024, table 1; Grazzi et al. 2024, figure 2c)."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from jaxtyping import Float

from icl_lab.core.bounds import Bounds, Count
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.families.function_class import FunctionClass


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class DecisionTree(FunctionClass):
    """A full binary tree: each inner node asks whether one coordinate is positive, each leaf holds a normal value.

    Nodes are numbered as in a heap: node n has the children 2n + 1 (coordinate <= 0) and 2n + 2 (coordinate > 0). Every
    node's coordinate is uniform over all `dim` of them, repetitions allowed, along a path too; a coordinate that is not
    active is 0 and leads to the first child.

    Args:
        depth: Questions between the root and a leaf.
    """

    formula = "2^depth - 1 questions x_c > 0, c uniform;  leaves ~ N(0, 1);  y = leaf(x) + noise"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 5"
    per = ""
    degree = 0
    shortest = 26
    lengthening = 5

    length: Count = 101
    depth: Annotated[int, Bounds(low=1, high=16)] = 4

    @property
    def baselines(self) -> tuple[str, ...]:
        return ("decision_tree", "decision_tree(max_depth=none)", "nearest_neighbours", "least_squares")

    @property
    def function_variance(self) -> float:
        return 1.0

    def labels(
        self, xs: Float[np.ndarray, "batch length dim"], generator: np.random.Generator
    ) -> Float[np.ndarray, "batch length"]:
        batch, length, dim = xs.shape
        inner = 2**self.depth - 1
        coordinates = generator.integers(dim, size=(batch, inner))
        leaves = generator.standard_normal((batch, inner + 1))
        nodes = np.zeros((batch, length), dtype=np.intp)
        for _ in range(self.depth):
            asked = np.take_along_axis(coordinates, nodes, axis=1)
            answers = np.take_along_axis(xs, asked[..., None], axis=2)[..., 0]
            nodes = 2 * nodes + 1 + (answers > 0)
        return np.take_along_axis(leaves, nodes - inner, axis=1)
