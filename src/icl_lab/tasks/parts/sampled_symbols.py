"""Objectives where the next symbol is drawn from a known distribution: trained on the draw, judged by the distribution.

b batch   l length   v symbols
"""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax

from icl_lab.core.prompts import PromptBatch
from icl_lab.tasks.parts.objectives import Errors, Objective, Predictions, highest_share


@dataclass(frozen=True)
class SampledSymbol(Objective):
    """Cross-entropy on the symbol that was drawn, which is the token after the query's.

    The targets are the distributions that the symbols were drawn from, `(batch, length, symbols)`: a learner's loss
    does not look at them, its reported error does.
    """

    symbols: int

    def loss(self, predictions: Predictions, prompts: PromptBatch) -> Float[Tensor, ""]:
        drawn = prompts.tokens[:, prompts.queries + 1]
        return cross_entropy(predictions[prompts.scored], drawn[prompts.scored])

    @abstractmethod
    def errors(self, predictions: Predictions, prompts: PromptBatch) -> Errors: ...


@dataclass(frozen=True)
class Divergence(SampledSymbol):
    """KL(true distribution | softmax of the scores), in nats: the cross-entropy above the least possible one."""

    @property
    def metric(self) -> str:
        return "kl_divergence_in_nats"

    def errors(self, predictions: Predictions, prompts: PromptBatch) -> Errors:
        true = log_softmax(self.perfect(prompts).to(predictions.dtype), dim=-1)
        return (true.exp() * (true - log_softmax(predictions, dim=-1))).sum(-1)

    def perfect(self, prompts: PromptBatch) -> Predictions:
        # A probability that underflows has 0 log 0 = 0.
        return prompts.targets.clamp(min=torch.finfo(prompts.targets.dtype).tiny).log()


@dataclass(frozen=True)
class IllegalSymbol(SampledSymbol):
    """Whether the highest score is that of a symbol that cannot come next; equally high scores share the answer."""

    complement = "legal_symbol_accuracy"

    @property
    def metric(self) -> str:
        return "illegal_symbol_rate"

    def errors(self, predictions: Predictions, prompts: PromptBatch) -> Errors:
        share = highest_share(predictions)
        # Not a product with the mask: a prediction that is not a number must stay one.
        return torch.where(prompts.targets > 0, 0 * share, share).sum(-1)

    def perfect(self, prompts: PromptBatch) -> Predictions:
        return prompts.targets
