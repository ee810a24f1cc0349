"""A task without functions, and the comparison of tensors, for tests of models."""

from dataclasses import dataclass

import torch
from torch import Tensor

from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import Task
from icl_lab.tasks.parts.objectives import Objective, SquaredError


@dataclass(frozen=True, kw_only=True)
class ToyTask(Task):
    """Prompts of the shapes that a function class has; the numbers mean nothing."""

    width: int = 3
    outputs: int = 1
    length: int = 6

    @property
    def d_token(self) -> int:
        return self.width

    @property
    def d_output(self) -> int:
        return self.outputs

    @property
    def objective(self) -> Objective:
        return SquaredError()

    @property
    def zero_error(self) -> float:
        return 1.0

    def sample(self, stream: Stream, step: int, batch: int) -> PromptBatch:
        generator = stream.torch_generator(step)
        return PromptBatch(
            tokens=torch.randn(batch, self.num_tokens, self.width, generator=generator),
            queries=torch.arange(0, self.num_tokens, 2),
            targets=torch.randn(batch, self.length, generator=generator),
            scored=torch.ones(batch, self.length, dtype=torch.bool),
        )


def generator(seed: int = 0) -> torch.Generator:
    """A generator of its own for each use."""
    return Stream(seed, ("test",)).torch_generator()


def randn(*shape: int, seed: int = 0) -> Tensor:
    """Standard normal numbers in float64."""
    return torch.randn(*shape, dtype=torch.float64, generator=generator(seed))


def assert_same(actual: Tensor, expected: Tensor, scale: float = 1.0) -> None:
    """Equal up to float64 rounding in sums taken in another order: 1e-9 of each number, or 1e-12 of `scale`."""
    torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-12 * scale)


def scramble(module: torch.nn.Module, seed: int = 0) -> None:
    """Move every parameter away from its initial value, so that biases and gains are not zero and one."""
    draw = generator(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, dtype=parameter.dtype, generator=draw)
