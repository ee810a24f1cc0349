"""The smallest run that still learns: a Transformer of one layer on two-dimensional regression."""

from typing import Any

from torch import Tensor

from icl_lab.models.presets.transformer import Transformer
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.training.budgets.steps import Steps
from icl_lab.training.loop import Trainer
from icl_lab.training.snapshot import Snapshot
from icl_lab.training.spec import RunSpec, TrainingSpec

TASK = LinearRegression(dim=2, length=5)
MODEL = Transformer(d_model=8, num_layers=1, num_heads=2)


def tiny_run(*, steps: int = 12, seed: int = 0, task: Any = TASK, model: Any = MODEL, **training: Any) -> RunSpec:
    """A run of a few milliseconds a step."""
    settings = {"batch": 8, "budget": Steps(amount=steps), "warmup": 2, "held_out_interval": 0} | training
    return RunSpec(task=task, model=model, training=TrainingSpec(**settings), seed=seed)


def finished(trainer: Trainer) -> Snapshot:
    """The run at its end."""
    for _ in trainer.steps():
        pass
    return trainer.snapshot()


def same(one: Snapshot, other: Snapshot) -> bool:
    """Whether two snapshots hold the same bits."""
    if one.progress != other.progress or one.tensors.keys() != other.tensors.keys():
        return False
    return all(bits(tensor) == bits(other.tensors[name]) for name, tensor in one.tensors.items())


def bits(tensor: Tensor) -> bytes:
    return tensor.contiguous().numpy().tobytes()


class FakeClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now
