"""Linear regression among outliers: pairs that no function made; what such tasks share (Park et al. 2024).

b batch   l length   d dim
p 1 where all prompts have the same outliers, else b   r 1 where a prompt has only one, else l
"""

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Bool, Float

from icl_lab.core.bounds import Bounds
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import Task
from icl_lab.tasks.inputs.isotropic import Isotropic
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.parts.closed_forms import least_squares_error

# All but certain: a prompt without a single clean pair has nothing to score.
OutlierFraction = Annotated[float, Bounds(low=0, high=0.99)]
NEGLIGIBLE = 1e-18  # times a thousand terms, still below the rounding of a sum of order 1
Vectors = Float[np.ndarray, "p r d"]


@dataclass(frozen=True, kw_only=True)
class OutlierRegression(LinearRegression):
    """y = w.x at clean pairs; an outlier has two vectors of `dim` numbers instead, one as x and one as label token.

    Predictions count at clean pairs only, and see every earlier pair, outliers included. Nothing says which pairs are
    outliers, except to an oracle. A baseline reads the first number of an outlier's label token as its label. Outliers
    fill all coordinates, whatever `active_dims`. Questions beside the prompt (`queries`) are drawn before pairs are
    replaced by outliers, are about clean inputs and all count.

    Args:
        length: Pairs in a prompt, outliers included.
        outlier_fraction: Probability that a pair is an outlier, the first and the last included.
        places: Where outliers are: at random, each pair independently, or evenly spaced, at the same places in all
            prompts, the first pair being clean.
    """

    outlier_fraction: OutlierFraction = 0.5
    places: Literal["random", "even"] = "random"

    @property
    def baselines(self) -> tuple[str, ...]:
        return ("clean_least_squares", *super().baselines)

    @property
    def axis(self) -> str:
        return "pairs in the prompt"

    @property
    def milestones(self) -> tuple[int, ...]:
        """Where twice as many *clean* pairs as coordinates are to be expected, and the end."""
        # Rounded, as 1 - 0.9 falls short of 0.1 by the last bit.
        return (math.ceil(round(2 * self.num_active / (1 - self.outlier_fraction), 9)), self.length - 1)

    def expected_least_squares(self, shown: int) -> float | None:
        return super().expected_least_squares(shown) if self.outlier_fraction == 0 else None

    def expected_clean_least_squares(self, shown: int) -> float | None:
        """Expected error of least squares on the clean pairs alone, in the unit of `metric`.

        The number of clean pairs is binomial; given it, the closed form of plain least squares holds.

        Args:
            shown: Pairs before the query, outliers included.
        """
        if not isinstance(self.inputs, Isotropic) or self.queries is not None or self.restandardised:
            return None
        signal = self.input_scale**2 * self.function_variance
        expected = 0.0
        for clean, probability in enumerate(self._clean_counts(shown)):
            if probability > NEGLIGIBLE:
                expected += probability * least_squares_error(clean, self.num_active, signal, self.label_noise**2)
        return self.label_scale**2 * expected / self.dim

    @abstractmethod
    def outliers(
        self, weights: Float[np.ndarray, "b d"], length: int, generator: np.random.Generator
    ) -> tuple[Vectors, Vectors]:
        """What replaces x and what replaces the label token of an outlier.

        Args:
            weights: w of each prompt.
            length: Pairs in a prompt.
            generator: Draws the outliers.
        """

    def sample(self, stream: Stream, step: int, batch: int) -> PromptBatch:
        prompts = super().sample(stream, step, batch)
        assert prompts.examples is not None
        # The labels of the basis vectors, drawn again from the same address, are the weights of the prompts.
        basis = np.broadcast_to(np.eye(self.dim), (batch, self.dim, self.dim))
        weights = self.labels(basis, stream.child("function").generator(step))
        xs, ys = self.outliers(weights, self.length, stream.child("outliers").generator(step))

        outlier = torch.from_numpy(self._places(stream, step, batch))
        vectors = torch.from_numpy(np.stack(np.broadcast_arrays(xs, ys), axis=2)).float()  # p r 2 d
        pairs = rearrange(prompts.tokens, "b (l two) d -> b l two d", two=2)
        pairs = torch.where(outlier[..., None, None], vectors, pairs)
        examples = replace(prompts.examples, xs=pairs[:, :, 0], ys=pairs[:, :, 1, 0], clean=~outlier)
        tokens = rearrange(pairs, "b l two d -> b (l two) d")
        if prompts.branches is not None:
            return replace(prompts, tokens=tokens, examples=examples)
        return replace(prompts, tokens=tokens, examples=examples, targets=examples.ys, scored=~outlier)

    def _places(self, stream: Stream, step: int, batch: int) -> Bool[np.ndarray, "b l"]:
        """Which pairs are outliers."""
        if self.places == "even":
            return np.tile(self._even_places(self.length), (batch, 1))
        return stream.child("places").generator(step).random((batch, self.length)) < self.outlier_fraction

    def _even_places(self, length: int) -> Bool[np.ndarray, " l"]:
        """Which of the first so many pairs are outliers where these are evenly spaced."""
        # Rounded, as 10 * 0.9 may fall short of 9 by the last bit.
        return np.diff(np.floor(np.round(np.arange(length + 1) * self.outlier_fraction, 9))) > 0

    def _clean_counts(self, shown: int) -> list[float]:
        """Probability of 0, 1, ... clean pairs among the first `shown`."""
        if self.outlier_fraction == 0 or self.places == "even":
            return [0.0] * (shown - int(self._even_places(shown).sum())) + [1.0]
        yes, no = math.log(1 - self.outlier_fraction), math.log(self.outlier_fraction)
        ways = (math.lgamma(shown + 1) - math.lgamma(m + 1) - math.lgamma(shown - m + 1) for m in range(shown + 1))
        return [math.exp(way + m * yes + (shown - m) * no) for m, way in enumerate(ways)]


def outlier_regression(task: Task, who: str) -> OutlierRegression:
    """The task, for a shift that changes its outliers.

    Raises:
        UserError: It has none.
    """
    if not isinstance(task, OutlierRegression):
        raise UserError(f"the shift {who} needs a task with outliers; {task.spec_name()} has none")
    return task
