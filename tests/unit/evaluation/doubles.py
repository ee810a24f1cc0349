"""Small predictors whose errors are known."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch


@dataclass(frozen=True)
class Constant:
    """Says the same number at every query, and remembers the prompts that it was asked about."""

    number: float
    label: str = "constant"
    seen: list[PromptBatch] = field(default_factory=list)

    def predict(self, prompts: PromptBatch) -> Tensor:
        self.seen.append(prompts)
        return torch.full(prompts.targets.shape, self.number)


class ToyNetwork(nn.Module):
    """A network with one weight, a part in evaluation mode from the start, and prompts it is too short for."""

    def __init__(self, label: str = "toy", longest: int = 10**6) -> None:
        super().__init__()
        self.label = label
        self.longest = longest
        self.weight = nn.Parameter(torch.tensor(0.5))
        self.frozen = nn.Dropout(0.5).eval()
        self.modes: list[tuple[bool, bool, bool]] = []

    def predict(self, prompts: PromptBatch) -> Tensor:
        if prompts.length > self.longest:
            raise UserError(f"{self.label}: no positions beyond {self.longest}")
        self.modes.append((self.training, self.frozen.training, torch.is_grad_enabled()))
        return self.weight * torch.ones(prompts.targets.shape)


class Broken(Constant):
    """Says what is not a number, from the second query on."""

    def predict(self, prompts: PromptBatch) -> Any:
        predictions = super().predict(prompts)
        predictions[:, 1:] = torch.nan
        return predictions
