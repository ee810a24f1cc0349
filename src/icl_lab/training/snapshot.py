"""Everything a run carries from one step to the next, as named tensors and a few numbers.

Learning rates, prompts, dropout masks and the stage of the curriculum are functions of the spec and the step, so they
are not here. Neither is time, as far as it changes nothing: two runs of the same spec come to the same snapshot.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from icl_lab.core.bounds import Count, Natural, NonNegative, Number
from icl_lab.core.errors import UserError
from icl_lab.core.specs import Spec


@dataclass(frozen=True, kw_only=True)
class Progress(Spec):
    """How far a run has come.

    Args:
        step: Optimiser steps done.
        total_steps: Optimiser steps the run takes, once that is settled.
        spent: What was spent of the budget, in its unit, as long as the total is not settled.
        smoothed_loss: Running mean of the training loss.
    """

    step: Natural = 0
    total_steps: Count | None = None
    spent: NonNegative = 0.0
    smoothed_loss: Number = 0.0

    @property
    def finished(self) -> bool:
        """Whether the run took all its steps."""
        return self.total_steps is not None and self.step >= self.total_steps


@dataclass(frozen=True)
class Snapshot:
    """A run at rest.

    Args:
        progress: How far it has come.
        tensors: Weights as `model.<name>`, the state of optimiser i as `optimiser.<i>.<parameter>.<name>`; on the CPU.
    """

    progress: Progress
    tensors: Mapping[str, Tensor]


def model_tensors(network: nn.Module) -> dict[str, Tensor]:
    """The network's own tensors, by the names they have in a snapshot."""
    return {f"model.{name}": tensor for name, tensor in network.state_dict().items()}


def optimiser_tensors(network: nn.Module, optimisers: Sequence[torch.optim.Optimizer]) -> dict[str, Tensor]:
    """The optimisers' own tensors, by the names they have in a snapshot; none before the first step."""
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    return {
        f"optimiser.{index}.{names[id(parameter)]}.{key}": tensor
        for index, optimiser in enumerate(optimisers)
        for parameter, state in optimiser.state.items()
        for key, tensor in state.items()
    }


def load_model(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Copy the weights of a snapshot into a network.

    Raises:
        UserError: A tensor is missing, unknown, or of another shape or precision; nothing was copied.
    """
    given = {name: tensor for name, tensor in tensors.items() if name.startswith("model.")}
    _copy_over(model_tensors(network), given)


def load_all(network: nn.Module, optimisers: Sequence[torch.optim.Optimizer], tensors: Mapping[str, Tensor]) -> None:
    """Copy the weights and the optimisers' state of a snapshot into a network and its freshly built optimisers.

    Raises:
        UserError: A tensor is missing, unknown, or of another shape or precision; the network is then of no use.
    """
    # A step without a gradient makes each optimiser allocate its state, whose names and shapes only it knows.
    fill_missing_gradients(network.parameters())
    for optimiser in optimisers:
        optimiser.step()
        optimiser.zero_grad()
    _copy_over(model_tensors(network) | optimiser_tensors(network, optimisers), tensors)


def fill_missing_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Give a zero gradient to parameters that have none, so that every optimiser's state is complete after one step."""
    for parameter in parameters:
        if parameter.requires_grad and parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)


def _copy_over(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> None:
    for name in sorted(own.keys() | given.keys()):
        if name not in own:
            raise UserError(f"it holds the tensor {name!r}, which this run does not have")
        if name not in given:
            raise UserError(f"it lacks the tensor {name!r}")
        if (own[name].shape, own[name].dtype) != (given[name].shape, given[name].dtype):
            expected, got = ((tuple(t.shape), t.dtype) for t in (own[name], given[name]))
            raise UserError(f"the tensor {name!r} should be {expected}, is {got}")
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(given[name])
