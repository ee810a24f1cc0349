"""Linear regression in which every other pair lies in a plane orthogonal to w (Park et al. 2024, table 1)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.families.outliers import OutlierRegression, Vectors

Plane = Float[np.ndarray, "b 2 d"]


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class OrthogonalOutlierRegression(OutlierRegression):
    """y = w.x, and with probability 1/2 a pair of vectors from a random plane that is orthogonal to this prompt's w.

    The plane of a prompt is spanned by u and v, which are orthogonal to w and to each other and as long as a random
    normal vector is without its part along w. The factor 1 / (a^2 + b^2) is the published one: its second moment is
    infinite, so a few outliers are very long (1% are more than six times as long as a clean x).

    `recipe="released"` is what the published code does instead. Each prompt has one x and one label token that all its
    outliers repeat. They come from two planes, each orthogonal to a fresh w' of its own and not to the prompt's w. a is
    divided by a^2 + b^2 first, and b by the sum of squares with the new a. The lengths have heavy tails as well.

    Args:
        recipe: The paper's outliers, or those of the released code.
        coefficients: Whether a and b are drawn for every pair or once a prompt; the released code draws once a prompt,
            and its recipe takes neither this nor `divisor`.
        divisor: What a and b are divided by: the sum of their squares, as published, or its root, which gives outliers
            the length of clean inputs.
    """

    formula = (
        "w ~ N(0, I_d);  y = w.x;  with probability p instead x = (a u + b v) / (a^2 + b^2), label token likewise with "
        "its own a, b ~ N(0, 1);  u, v random, orthogonal to w"
    )
    source = "Park et al. 2024 (arXiv 2402.04248), table 1"
    corrected = (
        "outliers are orthogonal to the prompt's own w; released: to fresh ones (recipe=released)",
        "a and b are divided by the same a^2 + b^2; released: b by that of the divided a (recipe=released)",
        "every outlier is another vector; released: one a prompt (coefficients=prompt, or recipe=released)",
        "held-out prompts during training have outliers; released: none",
    )
    shortest = 26
    lengthening = 5

    length: Count = 101
    recipe: Literal["paper", "released"] = "paper"
    coefficients: Literal["pair", "prompt"] = "pair"
    divisor: Literal["squares", "root"] = "squares"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dim < 3:
            raise UserError(f"{self.spec_name()}.dim: expected at least 3, a plane and w, got {self.dim}")
        if self.recipe == "released" and (self.coefficients, self.divisor) != ("pair", "squares"):
            raise UserError(
                f"{self.spec_name()}: recipe=released fixes coefficients and divisor: leave them out, or choose "
                "recipe=paper"
            )

    @property
    def baselines(self) -> tuple[str, ...]:
        told = () if self.recipe == "released" else ("clean_least_squares(outliers=orthogonal)",)
        return (*told, *super().baselines)

    def outliers(
        self, weights: Float[np.ndarray, "b d"], length: int, generator: np.random.Generator
    ) -> tuple[Vectors, Vectors]:
        if self.recipe == "released":
            return _released(weights.shape, generator), _released(weights.shape, generator)
        plane = _plane(weights, generator)
        rows = length if self.coefficients == "pair" else 1
        pairs = generator.standard_normal((2, len(weights), rows, 2))
        squares = np.sum(pairs**2, axis=3, keepdims=True)
        pairs /= squares if self.divisor == "squares" else np.sqrt(squares)
        return pairs[0] @ plane, pairs[1] @ plane


def _plane(weights: Float[np.ndarray, "b d"], generator: np.random.Generator) -> Plane:
    """Two vectors orthogonal to w and to each other."""
    first, second = generator.standard_normal((2, *weights.shape))
    u = _without(first, weights)
    return np.stack([u, _without(_without(second, weights), u)], axis=1)


def _without(vectors: Float[np.ndarray, "b d"], direction: Float[np.ndarray, "b d"]) -> Float[np.ndarray, "b d"]:
    """Vectors minus their parts along a direction."""
    shares = np.sum(vectors * direction, axis=1) / np.sum(direction**2, axis=1)
    return vectors - shares[:, None] * direction


def _released(shape: tuple[int, ...], generator: np.random.Generator) -> Vectors:
    """One vector a prompt, as the released code draws it."""
    plane = _plane(generator.standard_normal(shape), generator)
    a, b = generator.standard_normal((2, shape[0], 1, 1))
    a = a / (a**2 + b**2)
    b = b / (a**2 + b**2)
    return a * plane[:, :1] + b * plane[:, 1:]
