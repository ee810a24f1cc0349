"""Muon for the matrices of the blocks (Jordan et al. 2024, kellerjordan.github.io/posts/muon), AdamW for the rest.

Muon replaces the momentum of a weight matrix by the nearest orthogonal one, so that every direction moves equally
far. That is meant for maps between hidden states; read-in, read-out and all that is not a matrix are left to AdamW,
as its authors advise.
"""

from dataclasses import dataclass

import torch
from torch import nn

from icl_lab.core.bounds import Count, NonNegative, Positive
from icl_lab.training.optimisers.base import OPTIMISERS, Momentum, OptimiserSpec, decayed_groups, matrices, others


@OPTIMISERS.register
@dataclass(frozen=True, kw_only=True)
class Muon(OptimiserSpec):
    """Muon for the matrices of the blocks, AdamW for everything else. The defaults are ours.

    Args:
        rate: Peak learning rate of AdamW.
        matrix_factor: Learning rate of Muon over that of AdamW.
        momentum: Decay of Muon's (Nesterov) momentum.
        min_width: Matrices with a side shorter than this are left to AdamW: too few directions to orthogonalise.
        beta1: AdamW's decay of the mean of gradients.
        beta2: AdamW's decay of the mean of squared gradients.
        eps: AdamW's, added to the root of the latter.
        weight_decay: Decay of the weights of linear maps, times their learning rate, a step.
    """

    rate: Positive = 2e-3
    matrix_factor: Positive = 10.0
    momentum: Momentum = 0.95
    min_width: Count = 8
    beta1: Momentum = 0.9
    beta2: Momentum = 0.95
    eps: Positive = 1e-8
    weight_decay: NonNegative = 0.0

    def build(self, network: nn.Module) -> tuple[torch.optim.Optimizer, ...]:
        hidden = self.hidden_matrices(network)
        rest = decayed_groups(others(network, hidden), network, self.weight_decay)
        adamw = torch.optim.AdamW(rest, self.rate, (self.beta1, self.beta2), self.eps, fused=True)
        if not hidden:
            return (adamw,)
        # "original" scales the update of a tall matrix by sqrt(rows / columns) and leaves that of a wide one.
        muon = torch.optim.Muon(
            hidden,
            lr=self.rate * self.matrix_factor,
            weight_decay=self.weight_decay,
            momentum=self.momentum,
            adjust_lr_fn="original",
        )
        return (muon, adamw)

    def hidden_matrices(self, network: nn.Module) -> list[nn.Parameter]:
        """The weights of linear maps inside the backbone, but for the very thin ones."""
        return [p for p in matrices(network.get_submodule("backbone")) if min(p.shape) >= self.min_width]
