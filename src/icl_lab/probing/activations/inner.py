"""What happens inside a sequence mixer, by running its sequence form once more with taps, and its step form for states.

The fused forms of a mixer hold no such quantities. With taps a mixer runs in the form that does, which gives the same
output up to rounding; as the output of that run is thrown away, looking inside leaves a network's output bit for bit.

b batch   t num_tokens   m d_model
"""

from collections.abc import Callable, Collection, Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.evaluation.errors import evaluation_mode
from icl_lab.models.mixers.base import SequenceMixer, State, Taps
from icl_lab.probing.activations.grammar import ATTENTION, INNER, STATE
from icl_lab.probing.activations.implied import implied_attention
from icl_lab.probing.activations.tapping import tapping


class Recording(Mapping[str, Callable[[Tensor], Tensor]]):
    """Taps that keep what passes, after the taps that were there before have changed it.

    Args:
        wanted: What is kept.
        before: The taps that were there.

    Attributes:
        found: What was kept.
    """

    def __init__(self, wanted: Collection[str], before: Taps) -> None:
        self.wanted, self.before = wanted, before
        self.found: dict[str, Tensor] = {}

    def __contains__(self, name: object) -> bool:
        return name in self.wanted or name in self.before

    def __getitem__(self, name: str) -> Callable[[Tensor], Tensor]:
        def keep(value: Tensor) -> Tensor:
            value = self.before[name](value) if name in self.before else value
            if name in self.wanted:
                # A mixer may go on in place.
                self.found[name] = value.detach().clone()
            return value

        return keep

    def __iter__(self) -> Iterator[str]:
        return iter({*self.before, *self.wanted})

    def __len__(self) -> int:
        return len({*self.before, *self.wanted})


def inner_activations(
    mixer: SequenceMixer, x: Float[Tensor, "b t m"], wanted: Collection[str] | None = None
) -> dict[str, Tensor]:
    """Quantities inside a mixer, without gradients and without dropout.

    Args:
        mixer: The mixer, with whatever taps it has.
        x: What it reads.
        wanted: Their names without the block; all by default.

    Raises:
        UserError: A state is wanted while something inside is replaced: states come from the step form, which does not
            know of it.
    """
    states = wanted is None or any(name.startswith(STATE) for name in wanted)
    if states and wanted is not None and mixer.taps:
        raise UserError("states cannot be read while something inside the same mixer is replaced; read one at a time")
    with torch.no_grad(), evaluation_mode(mixer):
        found = recorded(mixer, x, INNER if wanted is None else wanted)
        if states and listed_states(mixer, mixer.initial_state(1)):
            found |= {f"{STATE}{name}": state for name, state in states_after_tokens(mixer, x).items()}
        if has_attention(found) if wanted is None else ATTENTION in wanted:
            found[ATTENTION] = implied_attention(mixer, x)
    return found if wanted is None else {name: found[name] for name in wanted if name in found}


def recorded(mixer: SequenceMixer, x: Float[Tensor, "b t m"], wanted: Collection[str]) -> dict[str, Tensor]:
    """What passes the taps of a mixer."""
    recording = Recording(wanted, mixer.taps)
    with tapping(mixer, recording):
        mixer.forward(x)
    return recording.found


def states_after_tokens(mixer: SequenceMixer, x: Float[Tensor, "b t m"]) -> dict[str, Tensor]:
    """What the step form carries after every token, tokens on the second axis."""
    state, along = mixer.initial_state(len(x)), []
    for token in x.unbind(1):
        _, state = mixer.step(token, state)
        along.append(listed_states(mixer, state))
    return {name: torch.stack([state[name] for state in along], dim=1).detach() for name in along[0]}


def listed_states(mixer: SequenceMixer, state: State) -> State:
    """What of a state is an activation: nothing where its size grows, and no whole numbers, which are counters."""
    if mixer.state_size(1) != mixer.state_size(2):
        return {}
    return {name: value for name, value in state.items() if value.is_floating_point() or value.is_complex()}


def has_attention(found: Mapping[str, object]) -> bool:
    """Whether what a head reads is linear in its values."""
    return "values" in found and "mixed" in found
