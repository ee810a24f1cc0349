"""The backbone: a stack of residual blocks, one for each entry of a pattern of mixers.

A Mamba is (mamba, mamba, ...), a Transformer (attention, mlp, attention, mlp, ...); a hybrid is a pattern with more
than one kind of sequence mixer. A new architecture is a new pattern.

b batch   t num_tokens   m d_model
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.core.specs import Spec
from icl_lab.models.channel_mixers.base import ChannelMixer, ChannelMixerSpec
from icl_lab.models.initialisation import Norm, norm
from icl_lab.models.mixers.base import MixerSpec, SequenceMixer, Site, State

NormOrder = Literal["pre", "post"]


@dataclass(frozen=True, kw_only=True)
class BackboneSpec(Spec):
    """The residual blocks of a network.

    Args:
        d_model: Width of the residual stream.
        pattern: The mixer of each block, in order; at least one.
        norm: `"layer"` or `"rms"`, the same in all blocks.
        norm_order: `"pre"`: h + mixer(norm(h)); `"post"`: norm(h + mixer(h)).
        final_norm: Whether the last block's output is normalised once more.
        depth: Number of blocks that the initial size of residual projections is scaled for; the length of the pattern
            by default.
    """

    d_model: Count
    pattern: tuple[MixerSpec | ChannelMixerSpec, ...]
    norm: Norm = "layer"
    norm_order: NormOrder = "pre"
    final_norm: bool = True
    depth: Count | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.pattern:
            raise UserError("BackboneSpec.pattern: expected at least one mixer, got an empty list")


class Block(nn.Module):
    """One residual block: a mixer, its norm, and the connection around them.

    Attributes:
        kind: Registered name of the mixer.
    """

    def __init__(self, spec: BackboneSpec, mixer: MixerSpec | ChannelMixerSpec, site: Site) -> None:
        super().__init__()
        self.kind = mixer.spec_name()
        self.norm_first = spec.norm_order == "pre"
        self.norm = norm(spec.norm, spec.d_model)
        self.mixer: SequenceMixer | ChannelMixer = mixer.build(site)

    def forward(self, h: Float[Tensor, "b t m"]) -> Float[Tensor, "b t m"]:
        """The residual stream after this block."""
        return h + self.mixer(self.norm(h)) if self.norm_first else self.norm(h + self.mixer(h))

    def initial_state(self, batch: int) -> State:
        """The mixer's state before the first token; empty for a channel mixer."""
        return self.mixer.initial_state(batch) if isinstance(self.mixer, SequenceMixer) else {}

    def step(self, h: Float[Tensor, "b m"], state: State) -> tuple[Float[Tensor, "b m"], State]:
        """One token; returns the residual stream after this block and the new state."""
        x = self.norm(h) if self.norm_first else h
        if isinstance(self.mixer, SequenceMixer):
            mixed, state = self.mixer.step(x, state)
        else:
            mixed = self.mixer(x)
        return (h + mixed if self.norm_first else self.norm(h + mixed)), state

    def extend(self, h: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        """Several tokens after a state."""
        x = self.norm(h) if self.norm_first else h
        if isinstance(self.mixer, SequenceMixer):
            mixed, state = self.mixer.extend(x, state)
        else:
            mixed = self.mixer(x)
        return (h + mixed if self.norm_first else self.norm(h + mixed)), state

    def beside(
        self, h: Float[Tensor, "b t m"], asked: Float[Tensor, "b l m"], starts: Int[Tensor, " l"]
    ) -> tuple[Float[Tensor, "b t m"], Float[Tensor, "b l m"]]:
        """A prompt and tokens asked beside it, token i after the first `starts[i]` of the prompt."""
        x, y = (self.norm(h), self.norm(asked)) if self.norm_first else (h, asked)
        if isinstance(self.mixer, SequenceMixer):
            x, y = self.mixer.beside(x, y, starts)
        else:
            x, y = self.mixer(x), self.mixer(y)
        return (h + x, asked + y) if self.norm_first else (self.norm(h + x), self.norm(asked + y))

    def state_size(self, length: int) -> int:
        """Real numbers carried for one prompt after `length` tokens."""
        return self.mixer.state_size(length) if isinstance(self.mixer, SequenceMixer) else 0


class Backbone(nn.Module):
    """The residual blocks in order, and the final norm where there is one.

    Attributes:
        blocks: The `Block`s; the output of block i is the residual stream after it.
    """

    def __init__(self, spec: BackboneSpec, generator: torch.Generator) -> None:
        super().__init__()
        site = Site(spec.d_model, spec.depth or len(spec.pattern), generator)
        self.blocks = nn.ModuleList(Block(spec, mixer, site) for mixer in spec.pattern)
        self.final_norm = norm(spec.norm, spec.d_model) if spec.final_norm else nn.Identity()

    def forward(self, h: Float[Tensor, "b t m"]) -> Float[Tensor, "b t m"]:
        """Embeddings to hidden states."""
        for block in self.blocks:
            h = block(h)
        return self.final_norm(h)

    def initial_state(self, batch: int) -> tuple[State, ...]:
        """One state a block."""
        return tuple(block.initial_state(batch) for block in self._blocks())

    def step(self, h: Float[Tensor, "b m"], states: Sequence[State]) -> tuple[Float[Tensor, "b m"], tuple[State, ...]]:
        """One token; the given states are left as they were."""
        after = []
        for block, state in zip(self._blocks(), states, strict=True):
            h, state = block.step(h, state)
            after.append(state)
        return self.final_norm(h), tuple(after)

    def extend(
        self, h: Float[Tensor, "b t m"], states: Sequence[State]
    ) -> tuple[Float[Tensor, "b t m"], tuple[State, ...]]:
        """Several tokens after the given states, which are left as they were."""
        after = []
        for block, state in zip(self._blocks(), states, strict=True):
            h, state = block.extend(h, state)
            after.append(state)
        return self.final_norm(h), tuple(after)

    def beside(
        self, h: Float[Tensor, "b t m"], asked: Float[Tensor, "b l m"], starts: Int[Tensor, " l"]
    ) -> Float[Tensor, "b l m"]:
        """Hidden states of tokens asked beside a prompt, token i after the first `starts[i]` of the prompt."""
        for block in self._blocks():
            h, asked = block.beside(h, asked, starts)
        return self.final_norm(asked)

    def state_size(self, length: int) -> int:
        """Real numbers carried for one prompt after `length` tokens."""
        return sum(block.state_size(length) for block in self._blocks())

    def _blocks(self) -> list[Block]:
        return [block for block in self.blocks if isinstance(block, Block)]
