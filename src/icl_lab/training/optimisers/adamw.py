"""Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2)."""

from dataclasses import dataclass

import torch
from torch import nn

from icl_lab.core.bounds import NonNegative, Positive
from icl_lab.training.optimisers.base import OPTIMISERS, Momentum, OptimiserSpec, decayed_groups, others


@OPTIMISERS.register
@dataclass(frozen=True, kw_only=True)
class AdamW(OptimiserSpec):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019); its defaults are ours.

    Args:
        rate: Peak learning rate.
        beta1: Decay of the mean of gradients.
        beta2: Decay of the mean of squared gradients.
        eps: Added to the root of the latter.
        weight_decay: Decay of the weights of linear maps, times the learning rate, a step.
    """

    rate: Positive = 3e-3
    beta1: Momentum = 0.9
    beta2: Momentum = 0.95
    eps: Positive = 1e-8
    weight_decay: NonNegative = 0.0

    def build(self, network: nn.Module) -> tuple[torch.optim.Optimizer, ...]:
        groups = decayed_groups(others(network, ()), network, self.weight_decay)
        return (torch.optim.AdamW(groups, self.rate, (self.beta1, self.beta2), self.eps, fused=True),)
