"""Tasks whose prompts are examples of a random function; everything that such tasks share.

b batch   l length   d dim
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.bounds import Count, NonNegative, Positive
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import Examples, PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import Task
from icl_lab.tasks.inputs.base import Inputs
from icl_lab.tasks.inputs.isotropic import Isotropic
from icl_lab.tasks.inputs.signs import Signs
from icl_lab.tasks.parts.curriculum import Curriculum, Ramp
from icl_lab.tasks.parts.layout import interleave
from icl_lab.tasks.parts.objectives import Objective, SquaredError
from icl_lab.tasks.queries.base import Queries


@dataclass(frozen=True, kw_only=True)
class FunctionClass(Task):
    """A task whose prompts are x_1, f(x_1), x_2, f(x_2), ... for a random scalar function f.

    Source: Garg et al. 2022, section 2; so too Park et al. 2024 and Grazzi et al. 2024. Each token is a vector of
    `dim` numbers; a label y is the token (y, 0, ..., 0). The prediction for example i is read at the token of x_i.

    Attributes:
        per: What squared errors are divided by: `"dim"`, a field's name, or empty for nothing.
        degree: f(s x) = s^degree f(x) for s > 0, which every class here has.
        shortest: Examples at the start of the curriculum.
        lengthening: Examples added at each of its steps.
        only_corners: Whether f is meant for the corners of the cube {-1, 1}^d and nothing else.

    Args:
        dim: Number of coordinates of x.
        active_dims: Coordinates that are not set to zero, for curricula; all of them by default.
        inputs: Distribution of x.
        input_scale: Factor on every x, before f.
        queries: Where predictions are asked about other inputs than the next example's: their distribution.
        label_noise: Standard deviation of Gaussian noise added to every label, the scored one included.
        label_scale: Factor on every label, noise included.
        restandardised: Whether the labels of a batch are rescaled together to the variance they have without noise.
    """

    per: ClassVar[str] = "dim"
    degree: ClassVar[int] = 1
    shortest: ClassVar[int] = 11
    lengthening: ClassVar[int] = 2
    only_corners: ClassVar[bool] = False

    dim: Count = 20
    active_dims: Count | None = None
    inputs: Inputs = Isotropic()
    input_scale: Positive = 1.0
    queries: Queries | None = None
    label_noise: NonNegative = 0.0
    label_scale: Positive = 1.0
    restandardised: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.active_dims is not None and self.active_dims > self.dim:
            raise UserError(f"{self.spec_name()}.active_dims: expected at most dim={self.dim}, got {self.active_dims}")
        self.inputs.check(self.dim)
        if self.only_corners:
            self._refuse_other_inputs()

    def _refuse_other_inputs(self) -> None:
        moved = {
            f"inputs={self.inputs.short()}": not isinstance(self.inputs, Signs),
            f"input_scale={self.input_scale:g}": self.input_scale != 1,
            f"queries={self.queries.short() if self.queries else None}": self.queries and self.queries.moves_inputs,
        }
        for setting in (setting for setting, is_elsewhere in moved.items() if is_elsewhere):
            raise UserError(
                f"{self.spec_name()}: {setting} would move inputs off the corners of the cube, where alone "
                f"{self.spec_name()} has labels; change labels, or repeat questions (queries=repeated)"
            )

    @property
    def objective(self) -> Objective:
        return SquaredError(per=self.per, normaliser=float(getattr(self, self.per)) if self.per else 1.0)

    @property
    def baselines(self) -> tuple[str, ...]:
        return ("least_squares", "averaging", "nearest_neighbours")

    @property
    def d_token(self) -> int:
        return self.dim

    @property
    def num_active(self) -> int:
        """Coordinates of x that are not set to zero."""
        return self.dim if self.active_dims is None else self.active_dims

    @property
    @abstractmethod
    def function_variance(self) -> float:
        """Variance of f(x) over inputs and functions, for inputs of scale 1."""

    @property
    def label_variance(self) -> float:
        """Variance of a label, over everything that is random."""
        return self.label_factor**2 * (self._signal_variance + self.label_noise**2)

    @property
    def label_factor(self) -> float:
        """What f(x) and its noise are multiplied by; where labels are rescaled together, what a large batch has."""
        if not self.restandardised:
            return self.label_scale
        return self.label_scale * math.sqrt(self._signal_variance / (self._signal_variance + self.label_noise**2))

    @property
    def _signal_variance(self) -> float:
        """Variance of f(x) for inputs as they are scaled."""
        return float(self.input_scale ** (2 * self.degree) * self.function_variance)

    @property
    def zero_error(self) -> float:
        objective = self.objective
        assert isinstance(objective, SquaredError)
        return self.label_variance / objective.normaliser

    @property
    def shared_draws(self) -> bool:
        return self.inputs.shared_draws or self.restandardised

    def expected_least_squares(self, shown: int) -> float | None:
        """Expected error of minimum-norm least squares in the unit of `metric`; none where no closed form is known.

        Args:
            shown: Examples before the query.
        """
        return None

    @property
    def milestones(self) -> tuple[int, ...]:
        """After twice as many examples as coordinates, where a linear method is past its peak, and at the end."""
        return (2 * self.num_active, *super().milestones)

    @abstractmethod
    def labels(
        self, xs: Float[np.ndarray, "batch num_inputs dim"], generator: np.random.Generator
    ) -> Float[np.ndarray, "batch num_inputs"]:
        """Draw one function a prompt and apply it to the inputs of that prompt, without noise."""

    def sample(self, stream: Stream, step: int, batch: int) -> PromptBatch:
        # Drawn and computed in float64, rounded once: the last bit does not depend on the machine's summation order.
        xs, asked = self._inputs(stream, step, batch)
        everything = xs if asked is None else np.concatenate([xs, np.nan_to_num(asked)], axis=1)
        labels = self._noisy(self.labels(everything, stream.child("function").generator(step)), stream, step)
        ys, answers = labels[:, : self.length], labels[:, -self.length :]
        if asked is None:
            return interleave(Examples(_tensor(xs), _tensor(ys)))
        possible = torch.from_numpy(np.isfinite(asked).all(2))
        examples = Examples(_tensor(xs), _tensor(ys), asked=_tensor(np.nan_to_num(asked)))
        return interleave(examples, targets=_tensor(answers), scored=possible)

    def _inputs(
        self, stream: Stream, step: int, batch: int
    ) -> tuple[Float[np.ndarray, "batch length dim"], Float[np.ndarray, "batch length dim"] | None]:
        """Inputs of the examples, and what is asked about where that is something else."""
        xs = self.inputs.sample(stream.child("inputs").generator(step), batch, self.length, self.dim)
        asked = None
        if self.queries is not None:
            xs, asked = self.queries.sample(stream.child("queries").generator(step), xs)
            asked = self.input_scale * asked
            asked[..., self.num_active :] = 0
        xs = self.input_scale * xs
        xs[..., self.num_active :] = 0
        return xs, asked

    def _noisy(
        self, labels: Float[np.ndarray, "batch num_inputs"], stream: Stream, step: int
    ) -> Float[np.ndarray, "batch num_inputs"]:
        if self.label_noise:
            noise = stream.child("noise").generator(step).standard_normal(labels.shape)
            labels = labels + self.label_noise * noise
        if self.restandardised:
            wanted = self.input_scale**self.degree * np.sqrt(self.function_variance)
            # Labels have mean zero in every class: the root mean square, where the released code takes the deviation.
            labels = labels * (wanted / np.sqrt(np.mean(labels**2)))
        return self.label_scale * labels

    @property
    def smallest_dims(self) -> int:
        """Active coordinates at the start of the curriculum."""
        return min(5, self.num_active)

    @property
    def curriculum(self) -> Curriculum:
        """The published curriculum: one coordinate and `lengthening` examples more every 2,000 optimiser steps.

        It starts at `smallest_dims` coordinates and `shortest` examples and ends at the task itself, which is at step
        30,000 for the published sizes (Park et al. 2024; Grazzi et al. 2024, appendix A).
        """
        dims = Ramp(start=self.smallest_dims, end=self.num_active, increment=1, interval=2000)
        start = min(self.shortest, self.length)
        length = Ramp(start=start, end=self.length, increment=self.lengthening, interval=2000)
        return Curriculum(dims=dims, length=length)


def _tensor(array: Float[np.ndarray, "*shape"]) -> Float[Tensor, "*shape"]:
    return torch.from_numpy(array).float()
