"""How large a model is, in the three currencies that a fair comparison may hold equal. All of it is measured.

parameters        numbers that training changes
training FLOPs    forward and backward pass over one prompt of a training batch, on the PyTorch form of every kernel,
                  counted as `cost.py` counts: matrix products, convolutions and attention, no element-wise work
state             real numbers that the step form carries after one prompt of training
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

import torch

from icl_lab.core.streams import Stream
from icl_lab.evaluation.training_flops import training_flops
from icl_lab.models.network import count_parameters
from icl_lab.models.presets.base import Preset
from icl_lab.tasks.base import Task

Quantity = Literal["parameters", "flops", "state"]
# Sizes depend on shapes only, so the numbers in prompts and weights may be any.
STREAM = Stream(0).child("size")


@dataclass(frozen=True, kw_only=True)
class Size:
    """The size of a model for prompts of one task.

    Args:
        parameters: Trained numbers.
        training_flops: Floating-point operations of the forward and backward pass over one prompt, with its share of
            what a batch of 64 computes once.
        state_size: Real numbers that the step form carries after a whole prompt.
    """

    parameters: int
    training_flops: int
    state_size: int

    def of(self, quantity: Quantity) -> int:
        """One of the three."""
        return {"parameters": self.parameters, "flops": self.training_flops, "state": self.state_size}[quantity]


def measure_size(preset: Preset, task: Task) -> Size:
    """Measure a model that is not trained yet.

    Raises:
        UserError: It cannot be built.
    """
    return Size(
        parameters=measure("parameters", preset, task),
        training_flops=measure("flops", preset, task),
        state_size=measure("state", preset, task),
    )


def measure(quantity: Quantity, preset: Preset, task: Task) -> int:
    """Measure one quantity of a model; of the same model once only.

    Raises:
        UserError: It cannot be built.
    """
    counted: Any = _measured  # mypy takes the hash of a protocol for that of its instances
    return int(counted(quantity, preset, task))


@cache
def _measured(quantity: Quantity, preset: Preset, task: Task) -> int:
    return MEASURES[quantity](preset, task)


def _parameters(preset: Preset, task: Task) -> int:
    return count_parameters(preset.network(task))


def _state(preset: Preset, task: Task) -> int:
    network, prompts = preset.build(task, STREAM).eval(), task.sample(STREAM, step=0, batch=1)
    with torch.no_grad():
        _, state = network.extend(prompts.tokens, network.initial_state(1))
    return state.size


MEASURES: Mapping[Quantity, Callable[[Preset, Task], int]] = MappingProxyType(
    {"parameters": _parameters, "flops": training_flops, "state": _state}
)
