"""What a preset is: a few dials that resolve, for a given task, to a complete network spec."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered
from icl_lab.core.streams import Stream
from icl_lab.models.mixers.base import MixerSpec
from icl_lab.models.network import Network, NetworkSpec
from icl_lab.models.notation import Pattern
from icl_lab.tasks.base import Task

PRESETS: Registry["Preset"] = Registry("model", "icl_lab.models.presets")

Recipe = Literal["park", "grazzi"]
Positions = Literal["learned", "rotary", "none"]


@dataclass(frozen=True, kw_only=True)
class Preset(Registered):
    """A named architecture.

    Args:
        d_model: Width of the residual stream.
        num_layers: Depth as the papers count it: two blocks make one layer.
    """

    registry = PRESETS
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""

    d_model: Count = 64
    num_layers: Count = 2

    @property
    def word(self) -> str:
        """What a user calls it: the registered name, or the notation of a pattern."""
        return self.spec_name()

    @abstractmethod
    def network(self, task: Task) -> NetworkSpec:
        """The complete spec of the network for the prompts of a task."""

    def build(self, task: Task, stream: Stream) -> Network:
        """The network with weights drawn from the `weights` child of `stream`."""
        network = Network(self.network(task), stream.child("weights").torch_generator(), label=self.short())
        network.task = task
        return network


def resolve_blocks(pattern: Pattern, task: Task) -> Pattern:
    """Blocks with what they leave to the length of prompts filled in for the prompts of a task."""
    return tuple(block.for_prompts(task.num_tokens) if isinstance(block, MixerSpec) else block for block in pattern)


def resolve_num_positions(where: str, positions: Positions, num_positions: int | None, task: Task) -> int:
    """Learned position vectors of a network: as many as asked for, else as many as the task's prompts have tokens.

    Raises:
        UserError: A number is given though positions are not learned.
    """
    if positions == "learned":
        return num_positions or task.num_tokens
    if num_positions is not None:
        raise UserError(f"{where}.num_positions: expected none as positions is {positions!r}, got {num_positions}")
    return 0
