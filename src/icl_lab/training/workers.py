"""Where a run computes: a device, and how many processes share the work. The only file that knows accelerate.

Every process samples the whole batch and takes its rows, so that the batch does not depend on how many there are.
Gradients are summed in one all-reduce after the last micro-batch; the networks here are small, and a sum of weighted
parts is exact where an average of averages would not be.
"""

from typing import Literal

import torch
from jaxtyping import Num
from torch import Tensor

from icl_lab.core.errors import UserError


class Workers:
    """One process on one device.

    Args:
        device: Where the network and the prompts live.

    Attributes:
        index: Which process this is; process 0 writes the files.
        count: How many there are.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.index = 0
        self.count = 1

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and talks to people."""
        return self.index == 0

    def rows(self, batch: int) -> slice:
        """The rows of a batch that this process computes.

        Raises:
            UserError: There are more processes than rows.
        """
        if batch < self.count:
            raise UserError(
                f"training.batch: expected at least one prompt for each of {self.count} processes, got {batch}"
            )
        return slice(batch * self.index // self.count, batch * (self.index + 1) // self.count)

    def sum(self, values: Num[Tensor, " n"]) -> Num[Tensor, " n"]:
        """The sum over processes, the same bits on each."""
        return values

    def agree(self, value: float) -> float:
        """The value that process 0 holds."""
        return value

    def wait(self) -> None:
        """Return once every process is here."""


class _Processes(Workers):
    """Several processes, or a device that accelerate chose."""

    def __init__(self, device: Literal["cpu", "auto"]) -> None:
        from accelerate import Accelerator  # takes a second to import, and most runs need neither

        self._accelerator = Accelerator(cpu=device == "cpu")
        super().__init__(self._accelerator.device)
        self.index = self._accelerator.process_index
        self.count = self._accelerator.num_processes

    def sum(self, values: Num[Tensor, " n"]) -> Num[Tensor, " n"]:
        return self._accelerator.reduce(values, reduction="sum")

    def agree(self, value: float) -> float:
        from accelerate.utils import broadcast

        if self.count == 1:
            return value
        return float(broadcast(torch.tensor([value], dtype=torch.float64, device=self.device)).item())

    def wait(self) -> None:
        self._accelerator.wait_for_everyone()


def launched(device: Literal["cpu", "auto"] = "cpu") -> Workers:
    """The processes that `torchrun` or `accelerate launch` started, or this one alone.

    Args:
        device: `"cpu"`, or `"auto"` for an accelerator where there is one.
    """
    return _Processes(device)
