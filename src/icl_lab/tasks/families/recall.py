"""Associative recall of vectors: what its tasks share.

b batch   n num_pairs   q queries   d dim
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.bounds import Count, NonNegative, Positive
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import Task
from icl_lab.tasks.parts.objectives import Errors, Objective, Predictions, SquaredError, highest_share

Vectors = Float[np.ndarray, "b q d"]
Reported = Literal["squared_error", "nearest_value", "nearest_key"]


@dataclass(frozen=True)
class Ranking(SquaredError):
    """Trained as a squared error; reported is whether the answer points at another stored vector than the truth does.

    It points at the one with the largest inner product. Equally large ones share it, so that zero is as good as chance.

    Args:
        among: The vectors that are pointed at: the stored values, or, as released, the stored keys.
        num_pairs: How many there are; they are the first examples of the prompt.
    """

    complement: ClassVar[str] = "accuracy"

    among: Literal["values", "keys"] = "values"
    num_pairs: int = 1

    @property
    def metric(self) -> str:
        return f"wrong_{self.among.removesuffix('s')}_rate"

    def errors(self, predictions: Predictions, prompts: PromptBatch) -> Errors:
        assert prompts.examples is not None
        stored = prompts.examples.ys if self.among == "values" else prompts.examples.xs
        stored = stored[:, : self.num_pairs].to(predictions.dtype)
        best = (prompts.targets.to(predictions.dtype) @ stored.mT).argmax(-1, keepdim=True)
        return 1 - highest_share(predictions @ stored.mT).gather(2, best)[..., 0]


@dataclass(frozen=True, kw_only=True)
class Recall(Task):
    """A task whose prompts are pairs of vectors, key and value, and keys of which the value is asked for.

    The answer to a query is the value of the key with the largest inner product with it. As all vectors have the same
    length, that is the nearest key, and a query that is a copy of a key has the value of that key as its answer.

    Args:
        dim: Numbers of a vector.
        radius: Length of every vector; the square root of `dim` by default.
        query_noise: Standard deviation of Gaussian noise on the coordinates of a query, which is then brought back to
            its length.
        reported: The error that is reported: the mean squared error of a coordinate; the share of answers that have the
            largest inner product with another stored value than the right one; or the released code's ranking, which
            compares answer and truth by the stored *key* they have the largest inner product with. What is trained is
            the squared error in any case.
    """

    source = "Park et al. 2024 (arXiv 2402.04248), vector-valued MQAR"

    dim: Count = 20
    radius: Positive | None = None
    query_noise: NonNegative = 0.0
    reported: Reported = "squared_error"

    @property
    @abstractmethod
    def num_stored(self) -> int:
        """Pairs in a prompt."""

    @property
    def objective(self) -> Objective:
        if self.reported == "squared_error":
            return SquaredError(per="dim", normaliser=float(self.dim))
        return Ranking(among="values" if self.reported == "nearest_value" else "keys", num_pairs=self.num_stored)

    @property
    def baselines(self) -> tuple[str, ...]:
        return ("nearest_neighbours(neighbours=1)",)

    @property
    def d_token(self) -> int:
        return self.dim

    @property
    def d_output(self) -> int:
        return self.dim

    @property
    def zero_error(self) -> float:
        return self.length_of_vectors**2 / self.dim if self.reported == "squared_error" else 1 - 1 / self.num_stored

    @property
    def length_of_vectors(self) -> float:
        """Euclidean length of every key, value and query."""
        return math.sqrt(self.dim) if self.radius is None else self.radius

    def on_sphere(self, directions: Float[np.ndarray, "*batch d"]) -> Float[np.ndarray, "*batch d"]:
        """Vectors of the same directions, all of this task's length."""
        squares = np.einsum("...d,...d->...", directions, directions)[..., None]
        return directions * (self.length_of_vectors / np.sqrt(squares))

    def noisy(self, queries: Vectors, stream: Stream, step: int) -> Vectors:
        """Queries with their noise; without any they stay the same to the last bit."""
        if not self.query_noise:
            return queries
        noise = stream.child("noise").generator(step).standard_normal(queries.shape)
        return self.on_sphere(queries + self.query_noise * noise)


def answers(queries: Vectors, keys: Float[np.ndarray, "b n d"], values: Float[np.ndarray, "b n d"]) -> Vectors:
    """The value of the key that has the largest inner product with each query."""
    nearest = (queries @ keys.swapaxes(1, 2)).argmax(axis=2)
    return np.take_along_axis(values, nearest[..., None], axis=1)


def tensor(array: Vectors) -> Float[Tensor, "b q d"]:
    """Drawn in float64, rounded once."""
    return torch.from_numpy(array).float()
