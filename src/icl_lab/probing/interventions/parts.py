"""What can be ablated in a network: blocks, heads or channels, state channels, short convolutions, everything."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from icl_lab.core.errors import UnknownName
from icl_lab.models.backbone import Block
from icl_lab.models.mixers.base import SequenceMixer
from icl_lab.models.network import Network
from icl_lab.probing.activations import listed, mixer_name, names
from icl_lab.probing.activations.grammar import EMBEDDING, STATE, place

Kind = Literal["everything", "block", "head", "state", "convolution", "neighbours"]
KINDS: tuple[Kind, ...] = get_args(Kind)
AXES = {"head": 2, "state": -1}
"""Of `heads` (batch, num_tokens, heads, width) and of `keys` (..., d_state), what a part is cut from."""


@dataclass(frozen=True)
class Part:
    """A part of a network.

    Args:
        kind: `"everything"`: the embedding and every mixer. `"block"`: what a mixer adds to the stream. `"head"`: heads
            before the output map; channels where there are no heads. `"state"`: numbers of a recurrent state, by what
            is written into them. `"convolution"`: what the short convolution gives. `"neighbours"`: the tokens before
            a token in the short convolution, which then sees the token alone.
        label: In words.
        activations: The activations that are changed; for `"neighbours"` none is, but a filter.
        block: Index of the block; none for everything.
        start: First index of heads, channels or numbers of state.
        stop: One past the last.
    """

    kind: Kind
    label: str
    activations: tuple[str, ...]
    block: int | None = None
    start: int = 0
    stop: int | None = None


def parts(network: Network, kinds: Sequence[str] = ("everything", "block", "head"), most: int = 16) -> tuple[Part, ...]:
    """The parts of a network, kind by kind.

    Args:
        network: The network.
        kinds: Of `KINDS`.
        most: Parts of a kind in a block; beyond that, neighbouring channels are taken together.

    Raises:
        UnknownName: There is no such kind.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise UnknownName("kind of part", kind, KINDS)
    return tuple(part for kind in kinds for part in _of_kind(network, kind, most))


def _of_kind(network: Network, kind: str, most: int) -> Iterator[Part]:
    blocks = [block for block in network.backbone.blocks if isinstance(block, Block)]
    if kind == "everything":
        yield Part("everything", "everything", (EMBEDDING, *(mixer_name(i) for i in range(len(blocks)))))
    elif kind == "block":
        for i, block in enumerate(blocks):
            yield Part("block", f"block {i} {block.kind}", (mixer_name(i),), i)
    elif kind == "neighbours":
        for i, block in enumerate(blocks):
            if isinstance(block.mixer, SequenceMixer) and block.mixer.short_filter is not None:
                yield Part("neighbours", f"neighbours of block {i}", (), i)
    elif kind == "convolution":
        for name in names(network):
            if place(name).what == "convolution":
                block_index = place(name).block
                yield Part("convolution", f"convolution of block {block_index}", (name,), block_index)
    else:
        yield from _slices(network, kind, most)


def _slices(network: Network, kind: str, most: int) -> Iterator[Part]:
    what = "heads" if kind == "head" else "keys"
    activations = {activation.name: activation for activation in listed(network)}
    recurrent = {place(name).block for name in activations if place(name).what.startswith(STATE)}
    for name, activation in activations.items():
        at = place(name)
        if at.block is None or at.what != what or (kind == "state" and at.block not in recurrent):
            continue
        count = int(activation.axes[AXES[kind]])
        channels = kind == "head" and int(activation.axes[-1]) == 1
        word = "channel" if channels else kind
        bounds = [round(i * count / min(count, most)) for i in range(min(count, most) + 1)]
        for start, stop in zip(bounds, bounds[1:], strict=False):
            which = f"{word} {start}" if stop == start + 1 else f"{word}s {start} to {stop - 1}"
            words = f"{which} of block {at.block}"
            yield Part("head" if kind == "head" else "state", words, (name,), at.block, start, stop)
