"""What a task is: a distribution over prompts, with its loss, its metric and its reference levels.

b batch   l length (in-context examples)   d dim   t num_tokens
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import Examples, PromptBatch
from icl_lab.core.registry import Registry
from icl_lab.core.specs import Count, NonNegative, Registered
from icl_lab.core.streams import Stream
from icl_lab.tasks.curriculum import Curriculum, Ramp
from icl_lab.tasks.inputs.base import Inputs
from icl_lab.tasks.inputs.isotropic import Isotropic
from icl_lab.tasks.layout import interleave

TASKS: Registry["Task"] = Registry("task", "icl_lab.tasks")


@dataclass(frozen=True, kw_only=True)
class Task(Registered):
    """A distribution over prompts; one function is drawn per prompt.

    Args:
        length: Context length, the number of examples in a prompt.
    """

    registry = TASKS
    metric: ClassVar[str] = "squared_error"
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""
    baselines: ClassVar[tuple[str, ...]] = ("least_squares", "averaging", "nearest_neighbours")

    length: Count = 41

    @property
    @abstractmethod
    def d_token(self) -> int:
        """Width of a token vector."""

    @property
    def d_output(self) -> int:
        """Numbers asked for at a query."""
        return 1

    @property
    def num_tokens(self) -> int:
        """Tokens in a prompt."""
        return 2 * self.length

    @property
    @abstractmethod
    def zero_error(self) -> float:
        """Expected metric of the predictor that always says zero."""

    @abstractmethod
    def sample(self, stream: Stream, step: int, batch: int) -> PromptBatch:
        """Prompts, float32, a pure function of the arguments.

        Args:
            stream: Address of the randomness; a different one for training and for evaluation.
            step: Which batch of the stream.
            batch: Number of prompts.
        """

    @abstractmethod
    def loss(self, predictions: Float[Tensor, "batch length"], prompts: PromptBatch) -> Float[Tensor, ""]:
        """The training objective: a mean over the scored predictions."""

    @abstractmethod
    def error(self, predictions: Float[Tensor, "batch length"], prompts: PromptBatch) -> Float[Tensor, "batch length"]:
        """The reported metric of each prediction, in the unit that `metric` names; NaN where it is not scored."""


@dataclass(frozen=True, kw_only=True)
class FunctionClass(Task):
    """A task whose prompts are x_1, f(x_1), x_2, f(x_2), ... for a random scalar function f.

    Source: Garg et al. 2022, section 2; so too Park et al. 2024 and Grazzi et al. 2024. Each token is a vector of
    `dim` numbers; a label y is the token (y, 0, ..., 0). The prediction for example i is read at the token of x_i.

    Args:
        dim: Number of coordinates of x.
        active_dims: Coordinates that are not set to zero, for curricula; all of them by default.
        inputs: Distribution of x.
        label_noise: Standard deviation of Gaussian noise added to every label, the scored one included.
    """

    metric = "squared_error_over_dim"
    shortest: ClassVar[int] = 11
    lengthening: ClassVar[int] = 2

    dim: Count = 20
    active_dims: Count | None = None
    inputs: Inputs = Isotropic()
    label_noise: NonNegative = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.active_dims is not None and self.active_dims > self.dim:
            raise UserError(f"{self.spec_name()}.active_dims: expected at most dim={self.dim}, got {self.active_dims}")
        self.inputs.check(self.dim)

    @property
    def d_token(self) -> int:
        return self.dim

    @property
    def num_active(self) -> int:
        """Coordinates of x that are not set to zero."""
        return self.dim if self.active_dims is None else self.active_dims

    @property
    def normaliser(self) -> float:
        """What squared errors are divided by; `metric` names it."""
        return float(self.dim)

    @property
    @abstractmethod
    def label_variance(self) -> float:
        """Variance of the label without noise, over inputs and functions."""

    def expected_least_squares(self, shown: int) -> float | None:
        """Expected error of minimum-norm least squares in the unit of `metric`; none where no closed form is known.

        Args:
            shown: Examples before the query.
        """
        return None

    @property
    def zero_error(self) -> float:
        return (self.label_variance + self.label_noise**2) / self.normaliser

    @abstractmethod
    def labels(
        self, xs: Float[np.ndarray, "batch length dim"], generator: np.random.Generator
    ) -> Float[np.ndarray, "batch length"]:
        """Draw one function a prompt and apply it to the inputs of that prompt."""

    def sample(self, stream: Stream, step: int, batch: int) -> PromptBatch:
        # Drawn and computed in float64, rounded once: the last bit does not depend on the machine's summation order.
        xs = self.inputs.sample(stream.child("inputs").generator(step), batch, self.length, self.dim)
        xs[..., self.num_active :] = 0
        ys = self.labels(xs, stream.child("function").generator(step))
        if self.label_noise:
            ys = ys + self.label_noise * stream.child("noise").generator(step).standard_normal(ys.shape)
        return interleave(Examples(torch.from_numpy(xs).float(), torch.from_numpy(ys).float()))

    def loss(self, predictions: Float[Tensor, "batch length"], prompts: PromptBatch) -> Float[Tensor, ""]:
        return (predictions - prompts.targets)[prompts.scored].square().mean()

    def error(self, predictions: Float[Tensor, "batch length"], prompts: PromptBatch) -> Float[Tensor, "batch length"]:
        error = (predictions - prompts.targets).square() / self.normaliser
        return error.masked_fill(~prompts.scored, torch.nan)

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
