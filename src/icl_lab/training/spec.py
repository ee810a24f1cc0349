"""What a training run is, as values: how a network is fitted, and which network to which task from which seed."""

from dataclasses import dataclass
from typing import Literal

from icl_lab.core.bounds import Count, Natural, NonNegative
from icl_lab.core.errors import UserError
from icl_lab.core.specs import Spec
from icl_lab.models.presets.base import Preset
from icl_lab.tasks.base import Task
from icl_lab.tasks.parts.curriculum import Curriculum
from icl_lab.training.budgets.base import Budget
from icl_lab.training.budgets.steps import Steps
from icl_lab.training.optimisers.adamw import AdamW
from icl_lab.training.optimisers.base import OptimiserSpec
from icl_lab.training.schedules.base import Schedule
from icl_lab.training.schedules.linear import Linear

Precision = Literal["float32", "bf16"]


@dataclass(frozen=True, kw_only=True)
class TrainingSpec(Spec):
    """How a network is fitted.

    Args:
        batch: Prompts a step, new ones each time.
        budget: How long to train.
        optimiser: Optimiser, with its peak learning rate.
        schedule: How the learning rate falls.
        warmup: Optimiser steps over which the learning rate rises to its peak.
        clip: Largest Euclidean norm of the gradient of all parameters; 0 leaves gradients as they are.
        precision: `"bf16"` computes the network in bfloat16 where that is safe (autocast); weights stay in float32.
        accumulation: Parts a batch is computed in, one after another, to save memory; gradient and loss stay the same.
        curriculum: Growth of dimension and context length; none by default.
        checkpoint_interval: Optimiser steps between two checkpoints.
        record_interval: Optimiser steps between two rows of the training curve.
        held_out_interval: Optimiser steps between two measurements of the error on held-out prompts; 0 for none.
        held_out_prompts: How many of these there are.
    """

    batch: Count = 64
    budget: Budget = Steps()
    optimiser: OptimiserSpec = AdamW()
    schedule: Schedule = Linear()
    warmup: Natural = 200
    clip: NonNegative = 1.0
    precision: Precision = "float32"
    accumulation: Count = 1
    curriculum: Curriculum | None = None
    checkpoint_interval: Count = 500
    record_interval: Count = 10
    held_out_interval: Natural = 100
    held_out_prompts: Count = 128

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.accumulation > self.batch:
            raise UserError(f"TrainingSpec.accumulation: expected at most batch={self.batch}, got {self.accumulation}")

    def task_at(self, task: Task, step: int) -> Task:
        """The task to sample from at an optimiser step."""
        return self.curriculum.task_at(task, step) if self.curriculum else task


@dataclass(frozen=True, kw_only=True)
class RunSpec(Spec):
    """One training run. Its digest names its folder.

    Args:
        task: Where the prompts come from.
        model: The network.
        training: How it is fitted.
        seed: Of the initial weights, the prompts and dropout.
    """

    task: Task
    model: Preset
    training: TrainingSpec = TrainingSpec()
    seed: Natural = 0
