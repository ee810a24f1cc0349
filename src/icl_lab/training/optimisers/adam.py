"""Adam (Kingma & Ba 2015, algorithm 1), the optimiser of both papers."""

from dataclasses import dataclass

import torch
from torch import nn

from icl_lab.core.bounds import Positive
from icl_lab.training.optimisers.base import OPTIMISERS, Momentum, OptimiserSpec, others


@OPTIMISERS.register
@dataclass(frozen=True, kw_only=True)
class Adam(OptimiserSpec):
    """Adam (Kingma & Ba 2015); the defaults are those of Park et al. 2024 and Grazzi et al. 2024.

    Args:
        rate: Peak learning rate.
        beta1: Decay of the mean of gradients.
        beta2: Decay of the mean of squared gradients.
        eps: Added to the root of the latter.
    """

    rate: Positive = 1e-4
    beta1: Momentum = 0.9
    beta2: Momentum = 0.999
    eps: Positive = 1e-8

    def build(self, network: nn.Module) -> tuple[torch.optim.Optimizer, ...]:
        parameters = others(network, ())
        # The fused form makes one pass over memory; a training step of a small model is some percent shorter.
        return (torch.optim.Adam(parameters, self.rate, (self.beta1, self.beta2), self.eps, fused=True),)
