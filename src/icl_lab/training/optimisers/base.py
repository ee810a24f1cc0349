"""What an optimiser spec is, and which parameters are matrices.

The rule is about modules, not names: a *matrix* is the weight of an `nn.Linear`. Everything else (biases, norms' gains,
positions, convolution kernels, A_log, dt projections and other bare parameters) is not, whatever its shape.
"""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import nn

from icl_lab.core.bounds import Bounds, Positive
from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered

OPTIMISERS: Registry["OptimiserSpec"] = Registry("optimiser", "icl_lab.training.optimisers")

Momentum = Annotated[float, Bounds(low=0, high=0.9999)]


@dataclass(frozen=True, kw_only=True)
class OptimiserSpec(Registered):
    """Settings of an optimiser.

    Args:
        rate: Peak learning rate.
    """

    registry = OPTIMISERS

    rate: Positive = 1e-3

    @abstractmethod
    def build(self, network: nn.Module) -> tuple[torch.optim.Optimizer, ...]:
        """Optimisers that hold every trainable parameter once, at the peak learning rate.

        Their state is tensors only, so that it fits in a checkpoint.
        """


def matrices(module: nn.Module) -> list[nn.Parameter]:
    """The trainable weights of the linear maps in a module, in the order of its parameters."""
    held = {id(part.weight) for part in module.modules() if isinstance(part, nn.Linear)}
    return [p for p in module.parameters() if id(p) in held and p.requires_grad]


def others(network: nn.Module, taken: Iterable[nn.Parameter]) -> list[nn.Parameter]:
    """The trainable parameters of a network that are not among `taken`, in order."""
    ids = {id(p) for p in taken}
    return [p for p in network.parameters() if id(p) not in ids and p.requires_grad]


def decayed_groups(parameters: Iterable[nn.Parameter], network: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Parameter groups in which only matrices feel weight decay; one group, in order, without decay."""
    parameters = list(parameters)
    if not decay:
        return [{"params": parameters, "weight_decay": 0.0}]
    decaying = {id(p) for p in matrices(network)}
    groups = [
        {"params": [p for p in parameters if id(p) in decaying], "weight_decay": decay},
        {"params": [p for p in parameters if id(p) not in decaying], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
