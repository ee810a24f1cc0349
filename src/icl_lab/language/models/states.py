"""What a language model of `transformers` carries from token to token, and how it is branched.

Attention keeps keys and values, recurrent models their states, hybrids both; RWKV hands over a list of tensors. The
models name theirs differently; a model that hands over nothing that can be branched is run anew for every prompt.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

NAMES = ("past_key_values", "cache_params", "state")


@dataclass(frozen=True)
class State:
    """What a model carries after some tokens. Models write into `held`: branch it before going on from it.

    Args:
        name: The model's argument that takes it.
        held: The tensors, in the model's own form.
    """

    name: str
    held: Any

    def branch(self, rows: int) -> "State":
        """A copy for `rows` prompts that go on from a state of one prompt."""
        if isinstance(self.held, list):
            return State(self.name, [x.repeat(rows, *(1,) * (x.ndim - 1)) for x in self.held])
        held = copy.deepcopy(self.held)
        if rows > 1:
            held.reorder_cache(torch.zeros(rows, dtype=torch.long))
        return State(self.name, held)

    @property
    def recurrent(self) -> bool:
        """Whether any layer carries more than keys and values: such a model never reads padding."""
        return isinstance(self.held, list) or any(hasattr(layer, "recurrent_states") for layer in self.held.layers)

    @property
    def by_token(self) -> bool:
        """Whether the model goes on from it token by token only.

        For several tokens at once Hugging Face's Mamba starts its scan from zero, whatever the cache holds.
        """
        return self.recurrent and not isinstance(self.held, list)

    def recurrent_layers(self) -> list[int]:
        """Which layers carry a recurrent state, from 0."""
        if isinstance(self.held, list):
            return list(range(self.held[0].shape[-1]))
        return [at for at, layer in enumerate(self.held.layers) if hasattr(layer, "recurrent_states")]

    def memories(self, layer: int) -> list[Tensor]:
        """What one recurrent layer remembers of all tokens, rows first; to be written into.

        Not its short memory: the inputs of a convolution, or, the first two of RWKV's five tensors, the last token.
        """
        if isinstance(self.held, list):
            return [x[..., layer] for x in self.held[2:]]
        return list(self.held.layers[layer].recurrent_states.values())

    def rows(self) -> list["State"]:
        """The states of the rows, each by itself; of a list of tensors only."""
        return [State(self.name, list(row)) for row in zip(*(x.split(1) for x in self.held), strict=True)]

    @staticmethod
    def joined(states: "Sequence[State]") -> "State":
        """The opposite of `rows`."""
        held = [torch.cat(parts) for parts in zip(*(state.held for state in states), strict=True)]
        return State(states[0].name, held)

    @property
    def windowed(self) -> bool:
        """Whether a layer forgets what lies further back than its window, so that padding would push tokens out."""
        return not self.recurrent and any(getattr(layer, "is_sliding", False) for layer in self.held.layers)


def carried(out: Any) -> State | None:
    """The state in what a model returned, or none that is known here."""
    for name in NAMES:
        held = getattr(out, name, None)
        if isinstance(held, list | tuple) and held and all(isinstance(x, Tensor) for x in held):
            return State(name, list(held))
        if hasattr(held, "reorder_cache") and hasattr(held, "layers"):
            return State(name, held)
    return None
