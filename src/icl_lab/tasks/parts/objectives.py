"""What a task asks for and how an answer is judged: the loss that is trained and the error that is reported.

Every error is 0 for a perfect answer and smaller is better, so that all of them are averaged, compared and drawn alike.
One that is the share of wrong answers has a complement (accuracy = 1 - error rate), which is reported beside it.

b batch   l length   o d_output   v symbols
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from icl_lab.core.prompts import PromptBatch

Predictions = Float[Tensor, "b l *outputs"]
Errors = Float[Tensor, "b l"]


@dataclass(frozen=True)
class Objective(ABC):
    """How predictions are judged.

    Attributes:
        metric: Name of the reported error.
        complement: Name of 1 - error, where that is a number people speak of; empty otherwise.
    """

    complement: ClassVar[str] = ""

    @property
    @abstractmethod
    def metric(self) -> str: ...

    @abstractmethod
    def loss(self, predictions: Predictions, prompts: PromptBatch) -> Float[Tensor, ""]:
        """The training objective: a mean over the scored predictions."""

    @abstractmethod
    def errors(self, predictions: Predictions, prompts: PromptBatch) -> Errors:
        """The reported error of every prediction, scored or not."""

    @abstractmethod
    def perfect(self, prompts: PromptBatch) -> Predictions:
        """Predictions that have no error."""

    def error(self, predictions: Predictions, prompts: PromptBatch) -> Errors:
        """The reported error of each prediction; NaN where it is not scored."""
        return self.errors(predictions, prompts).masked_fill(~prompts.scored, torch.nan)


@dataclass(frozen=True)
class SquaredError(Objective):
    """Squared error: trained as the mean over the numbers of a label, reported as their sum over a normaliser.

    Args:
        per: What the reported error is divided by, as a word of the metric's name: `"dim"`; empty for nothing.
        normaliser: That number.
    """

    per: str = ""
    normaliser: float = 1.0

    @property
    def metric(self) -> str:
        return f"squared_error_over_{self.per}" if self.per else "squared_error"

    def loss(self, predictions: Predictions, prompts: PromptBatch) -> Float[Tensor, ""]:
        return (predictions - prompts.targets)[prompts.scored].square().mean()

    def errors(self, predictions: Predictions, prompts: PromptBatch) -> Errors:
        squares = (predictions - prompts.targets).square()
        return (squares.flatten(2).sum(2) if squares.ndim > 2 else squares) / self.normaliser

    def perfect(self, prompts: PromptBatch) -> Predictions:
        return prompts.targets


@dataclass(frozen=True)
class Sign(Objective):
    """Labels -1 and 1: the logistic loss of a number that is read as the logarithm of the odds, and its sign's errors.

    A prediction of exactly 0 is half an error, as a coin would be on average.
    """

    complement = "accuracy"

    @property
    def metric(self) -> str:
        return "error_rate"

    def loss(self, predictions: Predictions, prompts: PromptBatch) -> Float[Tensor, ""]:
        positive = (prompts.targets > 0).to(predictions.dtype)
        return binary_cross_entropy_with_logits(predictions[prompts.scored], positive[prompts.scored])

    def errors(self, predictions: Predictions, prompts: PromptBatch) -> Errors:
        # NaN stays NaN: an answer that is no number is no answer.
        return (1 - predictions.sign() * prompts.targets.sign()) / 2

    def perfect(self, prompts: PromptBatch) -> Predictions:
        return prompts.targets


@dataclass(frozen=True)
class NextSymbol(Objective):
    """One of v symbols: cross-entropy of the scores, and whether the highest score is the target's.

    Equally high scores share the answer: the error is that of drawing one of them.
    """

    symbols: int
    complement = "accuracy"

    @property
    def metric(self) -> str:
        return "error_rate"

    def loss(self, predictions: Predictions, prompts: PromptBatch) -> Float[Tensor, ""]:
        return cross_entropy(predictions[prompts.scored], prompts.targets[prompts.scored])

    def errors(self, predictions: Predictions, prompts: PromptBatch) -> Errors:
        share = highest_share(predictions)
        right: Errors = share.gather(2, prompts.targets[..., None])[..., 0]
        return 1 - right

    def perfect(self, prompts: PromptBatch) -> Predictions:
        return torch.nn.functional.one_hot(prompts.targets, self.symbols).float()


def highest_share(scores: Float[Tensor, "b l v"]) -> Float[Tensor, "b l v"]:
    """The probability of each symbol when one of those with the highest score is drawn; NaN where a score is."""
    highest = (scores == scores.amax(-1, keepdim=True)).to(scores.dtype)
    return highest / highest.sum(-1, keepdim=True)
