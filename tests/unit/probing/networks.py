"""Small untrained networks for tests of interventions."""

import torch

from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.models.network import Network
from icl_lab.models.presets.pattern import Pattern
from icl_lab.tasks.base import Task
from icl_lab.tasks.linear_regression import LinearRegression
from tests.unit.models.toys import scramble

TASK = LinearRegression(dim=3, length=8)


def made(blocks: str, task: Task = TASK, **settings: object) -> Network:
    """A network in float64 with weights away from their start."""
    network = Pattern(blocks=blocks, d_model=16, **settings).build(task, Stream(0)).double().eval()
    scramble(network)
    return network


def prompts(step: int = 0, batch: int = 6, task: Task = TASK) -> PromptBatch:
    """Prompts as they are asked at evaluation, in float64."""
    return task.asked(task.sample(Stream(0), step, batch)).to(dtype=torch.float64)
