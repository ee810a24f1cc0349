"""What can be ablated in a network: blocks, heads or channels, state channels, short convolutions, everything."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

from icl_lab.core.errors import UnknownName
from icl_lab.models.backbone import Block
from icl_lab.models.mixers.base import SequenceMixer
from icl_lab.models.network import Network
from icl_lab.probing.activations import Activation, listed, mixer_name, names
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
    found: dict[str, Callable[[], Iterator[Part]]] = {
        "everything": lambda: _everything(network),
        "block": lambda: _of_blocks(network),
        "head": lambda: _heads(network, most),
        "state": lambda: _states(network, most),
        "convolution": lambda: _convolutions(network),
        "neighbours": lambda: _neighbours(network),
    }
    for kind in kinds:
        if kind not in found:
            raise UnknownName("kind of part", kind, KINDS)
    return tuple(part for kind in kinds for part in found[kind]())


def _everything(network: Network) -> Iterator[Part]:
    mixers = (mixer_name(i) for i, _ in enumerate(_blocks(network)))
    yield Part("everything", "everything", (EMBEDDING, *mixers))


def _of_blocks(network: Network) -> Iterator[Part]:
    for i, block in enumerate(_blocks(network)):
        yield Part("block", f"block {i} {block.kind}", (mixer_name(i),), i)


def _neighbours(network: Network) -> Iterator[Part]:
    for i, block in enumerate(_blocks(network)):
        if isinstance(block.mixer, SequenceMixer) and block.mixer.short_filter is not None:
            yield Part("neighbours", f"neighbours of block {i}", (), i)


def _convolutions(network: Network) -> Iterator[Part]:
    for name in names(network):
        if place(name).what == "convolution":
            block = place(name).block
            yield Part("convolution", f"convolution of block {block}", (name,), block)


def _heads(network: Network, most: int) -> Iterator[Part]:
    for name, activation in _inside(network, "heads"):
        # Where there are no heads, each channel is one that is a single number wide.
        word = "channel" if int(activation.axes[-1]) == 1 else "head"
        yield from _slices("head", word, name, int(activation.axes[AXES["head"]]), most)


def _states(network: Network, most: int) -> Iterator[Part]:
    # Attention has keys as well, and no state of numbers that they are written into.
    recurrent = {place(name).block for name in names(network) if place(name).what.startswith(STATE)}
    for name, activation in _inside(network, "keys"):
        if place(name).block in recurrent:
            yield from _slices("state", "state", name, int(activation.axes[AXES["state"]]), most)


def _blocks(network: Network) -> list[Block]:
    return [block for block in network.backbone.blocks if isinstance(block, Block)]


def _inside(network: Network, what: str) -> Iterator[tuple[str, Activation]]:
    for activation in listed(network):
        at = place(activation.name)
        if at.block is not None and at.what == what:
            yield activation.name, activation


def _slices(kind: Literal["head", "state"], word: str, name: str, count: int, most: int) -> Iterator[Part]:
    """A part of an activation for each of its channels, or for so many neighbours among them that they are `most`."""
    block, pieces = place(name).block, min(count, most)
    bounds = [round(i * count / pieces) for i in range(pieces + 1)]
    for start, stop in pairwise(bounds):
        which = f"{word} {start}" if stop == start + 1 else f"{word}s {start} to {stop - 1}"
        yield Part(kind, f"{which} of block {block}", (name,), block, start, stop)
