"""What a sequence mixer is: a sequence form and, for streaming, a step form that a contract test holds equal to it.

b batch   t num_tokens   m d_model
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import torch
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor, nn

from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered

MIXERS: Registry["MixerSpec"] = Registry("mixer", "icl_lab.models.mixers")

# Named tensors, each with the batch as its first axis; a mixer that carries nothing has none.
State = dict[str, Tensor]

# What is done to the inner quantities of a mixer, by their names: looked at, or put in the place of others.
Taps = Mapping[str, Callable[[Tensor], Tensor]]


@dataclass(frozen=True)
class Site:
    """Where in a model a mixer is built, as far as its initialisation depends on it.

    Args:
        d_model: Width of the residual stream.
        depth: Number of residual blocks that the initial size of residual projections is scaled for: a mixer that
            scales them divides by the square root of it.
        generator: Draws the weights.
    """

    d_model: int
    depth: int
    generator: torch.Generator


class SequenceMixer(nn.Module, ABC):
    """Moves information between positions, causally.

    Attributes:
        taps: Applied to inner quantities while the sequence form runs; none, unless somebody looks inside.
    """

    taps: Taps = MappingProxyType({})

    @abstractmethod
    def forward(self, x: Float[Tensor, "batch num_tokens d_model"]) -> Float[Tensor, "batch num_tokens d_model"]:
        """The sequence form: output t depends on inputs up to t."""

    @abstractmethod
    def initial_state(self, batch: int) -> State:
        """The state before the first token, on the device and in the precision of the weights."""

    @abstractmethod
    def step(self, x: Float[Tensor, "batch d_model"], state: State) -> tuple[Float[Tensor, "batch d_model"], State]:
        """The step form, for inference: one token; returns its output and the new state.

        The given state is left as it was, so that several continuations can start from it.
        """

    def extend(
        self, x: Float[Tensor, "batch num_tokens d_model"], state: State
    ) -> tuple[Float[Tensor, "batch num_tokens d_model"], State]:
        """Several tokens after a state: their outputs and the new state; by default one step after the other."""
        outputs = []
        for token in x.unbind(1):
            output, state = self.step(token, state)
            outputs.append(output)
        return torch.stack(outputs, dim=1), state

    def beside(
        self,
        x: Float[Tensor, "batch num_tokens d_model"],
        asked: Float[Tensor, "batch length d_model"],
        starts: Int[Tensor, " length"],
    ) -> tuple[Float[Tensor, "batch num_tokens d_model"], Float[Tensor, "batch length d_model"]]:
        """Outputs for the tokens of a prompt and for tokens asked beside it; by default states are walked along.

        Args:
            x: The prompt; perhaps no token at all.
            asked: Token i comes after the first `starts[i]` of the prompt, and nothing else sees it.
            starts: Ascending, none beyond the end of the prompt.
        """
        state, position = self.initial_state(len(x)), 0
        outputs, answers = [x[:, :0]], []
        for token, start in zip(asked.unbind(1), starts.tolist(), strict=True):
            if start > position:
                output, state = self.extend(x[:, position:start], state)
                outputs.append(output)
                position = start
            answers.append(self.step(token, state)[0])
        if position < x.shape[1]:
            outputs.append(self.extend(x[:, position:], state)[0])
        return torch.cat(outputs, dim=1), torch.stack(answers, dim=1)

    @abstractmethod
    def state_size(self, length: int) -> int:
        """Real numbers carried for one prompt after `length` tokens."""

    @property
    def short_filter(self) -> nn.Parameter | None:
        """Weights of the short convolution, (channels, tokens), the token's own last; none where there is none."""
        return None

    def tapped(self, name: str, value: Tensor) -> Tensor:
        """An inner quantity under its name, as a tap changed it; itself where there is no such tap."""
        return self.taps[name](value) if name in self.taps else value

    def tapped_heads(self, name: str, value: Float[Tensor, "b t width"], num_heads: int) -> Float[Tensor, "b t width"]:
        """As `tapped`, for heads that lie beside each other; a tap sees `(batch, num_tokens, heads, width of one)`."""
        if name not in self.taps:
            return value
        return rearrange(self.taps[name](rearrange(value, "b t (h c) -> b t h c", h=num_heads)), "b t h c -> b t (h c)")

    def tapped_decay(self, log_decay: Tensor) -> Tensor:
        """The logarithm of a decay whose tap, `decay`, sees the decay itself; left alone, it is not rounded."""
        if "decay" not in self.taps:
            return log_decay
        decay = log_decay.exp()
        changed = self.taps["decay"](decay)
        # A decay of 0 has no logarithm; e^-1000 is 0 in any precision.
        return log_decay if changed is decay else changed.log().clamp(min=-1000.0)


class PiecewiseMixer(SequenceMixer):
    """A mixer with one form for any number of tokens after a state; a sequence and a single token are cases of it."""

    @abstractmethod
    def extend(
        self, x: Float[Tensor, "batch num_tokens d_model"], state: State
    ) -> tuple[Float[Tensor, "batch num_tokens d_model"], State]:
        """Several tokens after a state: their outputs and the new state. The given state is left as it was."""

    def forward(self, x: Float[Tensor, "batch num_tokens d_model"]) -> Float[Tensor, "batch num_tokens d_model"]:
        output, _ = self.extend(x, self.initial_state(len(x)))
        return output

    def step(self, x: Float[Tensor, "batch d_model"], state: State) -> tuple[Float[Tensor, "batch d_model"], State]:
        output, state = self.extend(x[:, None], state)
        return output[:, 0], state


@dataclass(frozen=True, kw_only=True)
class MixerSpec(Registered):
    """Settings of a sequence mixer."""

    registry = MIXERS
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""

    @property
    def reach(self) -> int | None:
        """Tokens that an output depends on, its own included; none where it depends on all before it."""
        return None

    @property
    def max_tokens(self) -> int | None:
        """Tokens of the longest prompt that can be read; none where any can."""
        return None

    def for_prompts(self, num_tokens: int) -> "MixerSpec":
        """The settings for prompts of so many tokens in training: what was left to their length is filled in."""
        return self

    @abstractmethod
    def build(self, site: Site) -> SequenceMixer:
        """The mixer with its own initialisation.

        Raises:
            UserError: The settings do not fit the width of the model.
        """


def measured_size(state: State) -> int:
    """Real numbers that a state really holds for one prompt; a complex number is two.

    >>> measured_size({"memory": torch.zeros(3, 4, 5), "phase": torch.zeros(3, 2, dtype=torch.complex64)})
    24
    """
    return sum(tensor[0].numel() * (2 if tensor.is_complex() else 1) for tensor in state.values())
