"""Which activations a network has, with their shapes; found by running every mixer on a token or two of zeros."""

from dataclasses import dataclass

import torch

from icl_lab.core.specs import Spec
from icl_lab.evaluation.errors import evaluation_mode
from icl_lab.models.backbone import Block
from icl_lab.models.mixers.base import SequenceMixer
from icl_lab.models.network import Network
from icl_lab.probing.activations.grammar import (
    ATTENTION,
    EMBEDDING,
    FINAL_NORM,
    INNER,
    MEANING,
    OUTPUT,
    STATE,
    inner_name,
    mixer_name,
    place,
    residual_name,
)
from icl_lab.probing.activations.inner import has_attention, listed_states, recorded

Axes = tuple[str, ...]


@dataclass(frozen=True)
class Activation:
    """An activation of a network.

    Args:
        name: What `capture` and `replaced` call it.
        axes: Its axes: `"batch"`, `"num_tokens"`, or a size in digits.
    """

    name: str
    axes: Axes

    @property
    def meaning(self) -> str:
        """What it is, in words."""
        what = place(self.name).what
        return "what the step form carries after each token" if what.startswith(STATE) else MEANING[what]


def names(network: Network) -> tuple[str, ...]:
    """The names of all activations of a network, in the order of computation."""
    return tuple(activation.name for activation in listed(network))


def outer_names(network: Network) -> tuple[str, ...]:
    """The names of what is outside mixers, which every network has, in the order of computation."""
    blocks = range(len(network.backbone.blocks))
    inside = (name for block in blocks for name in (mixer_name(block), residual_name(block)))
    return (EMBEDDING, *inside, FINAL_NORM, OUTPUT)


def inside_names(network: Network, block: int) -> tuple[str, ...]:
    """The names of what is inside the mixer of a block; none where there is no such block or it mixes channels."""
    blocks = network.backbone.blocks
    mixer = blocks[block].mixer if block < len(blocks) else None
    axes = inner_axes(mixer, network.spec.backbone.d_model) if isinstance(mixer, SequenceMixer) else {}
    return tuple(inner_name(block, what) for what in axes)


def listed(network: Network) -> tuple[Activation, ...]:
    """All activations of a network, in the order of computation."""
    whole = ("batch", "num_tokens", str(network.spec.backbone.d_model))
    found = [Activation(EMBEDDING, whole)]
    known: dict[Spec, dict[str, Axes]] = {}
    for i, block in enumerate(network.backbone.blocks):
        assert isinstance(block, Block)
        if isinstance(block.mixer, SequenceMixer):
            # Blocks of one spec have activations of one shape.
            spec = network.spec.backbone.pattern[i]
            if spec not in known:
                known[spec] = inner_axes(block.mixer, network.spec.backbone.d_model)
            inner = known[spec]
            found += [Activation(inner_name(i, what), axes) for what, axes in inner.items()]
        found += [Activation(mixer_name(i), whole), Activation(residual_name(i), whole)]
    return (*found, Activation(FINAL_NORM, whole), Activation(OUTPUT, (*whole[:2], str(network.spec.d_output))))


def inner_axes(mixer: SequenceMixer, d_model: int) -> dict[str, Axes]:
    """The axes of everything inside a mixer, in the order of `INNER`, then states."""
    weight = next(mixer.parameters())

    def shapes(batch: int, num_tokens: int) -> dict[str, torch.Size]:
        with torch.no_grad(), evaluation_mode(mixer):
            passing = recorded(mixer, weight.new_zeros(batch, num_tokens, d_model), INNER)
        return {name: value.shape for name, value in passing.items()}

    # Axes that change with the number of prompts or tokens are those axes.
    usual, prompts, tokens = shapes(1, 1), shapes(2, 1), shapes(1, 2)

    def axis(name: str, i: int) -> str:
        size = usual[name][i]
        return "batch" if prompts[name][i] != size else "num_tokens" if tokens[name][i] != size else str(size)

    found = {name: tuple(axis(name, i) for i in range(len(shape))) for name, shape in usual.items()}
    if has_attention(found):
        heads = found["values"][1] if len(found["values"]) == 4 else found["values"][2]
        found[ATTENTION] = ("batch", heads, "num_tokens", "num_tokens")
    found = {name: found[name] for name in INNER if name in found}
    for name, state in listed_states(mixer, mixer.initial_state(1)).items():
        found[f"{STATE}{name}"] = ("batch", "num_tokens", *map(str, state.shape[1:]))
    return found
