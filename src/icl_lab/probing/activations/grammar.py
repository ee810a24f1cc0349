"""The names of activations, the same for every architecture.

    embedding                  what block 0 reads: read-in plus learned positions
    block.<i>.mixer            what the mixer of block i, a sequence mixer or a channel mixer, adds to the stream
    block.<i>.residual         the residual stream after block i
    block.<i>.<inner>          a quantity inside the mixer of block i: `INNER`; absent where a mixer has no such thing
    block.<i>.state.<entry>    what the step form carries after every token, where its size does not grow
    final_norm                 what the read-out reads
    output                     the read-out at every token

Where norms come after blocks the stream is normalised in between, and the mixer's output is added before that norm.
"""

from dataclasses import dataclass

from icl_lab.models.network import Network

EMBEDDING, FINAL_NORM, OUTPUT = "embedding", "final_norm", "output"
STATE = "state."
ATTENTION = "attention"

INNER = {
    "convolution": "what the short convolution gives, after its SiLU where it has one",
    "queries": "what a head reads its memory with (C in state space models)",
    "keys": "where a head writes (B in state space models)",
    "values": "what a head writes, or scans",
    "dt": "the step size of a state space",
    "decay": "what a state is multiplied by at a token",
    "rate": "how much of what is stored under a key a token overwrites",
    "mixed": "what a head read: linear in the values; before the skip of a state space, norm, gate and output map",
    "gate": "what the mixed values are multiplied by",
    "heads": "what goes into the output map, by heads; where there are none, every channel is one",
    ATTENTION: "how much of each value is in what each head read: softmax weights, or the matrix of a recurrence",
}
"""Quantities inside a sequence mixer. All but the attention can be replaced, unless a line says otherwise."""

MEANING = {
    EMBEDDING: "what block 0 reads: read-in plus learned positions",
    "mixer": "what the block adds to the residual stream",
    "residual": "the residual stream after the block",
    FINAL_NORM: "what the read-out reads",
    OUTPUT: "the read-out at every token",
    **INNER,
}


@dataclass(frozen=True)
class Place:
    """Where in a network an activation is.

    Args:
        block: Index of its block; none before the first and after the last.
        what: The rest of its name.
    """

    block: int | None
    what: str

    @property
    def is_inner(self) -> bool:
        """Whether it is inside a sequence mixer."""
        return self.block is not None and self.what not in ("mixer", "residual")


def place(name: str) -> Place:
    """Where the activation of a name is.

    >>> place("block.3.state.memory")
    Place(block=3, what='state.memory')
    """
    head, _, rest = name.partition(".")
    index, _, what = rest.partition(".")
    return Place(int(index), what) if head == "block" and index.isdigit() else Place(None, name)


def mixer_name(block: int) -> str:
    """The output of a block's mixer."""
    return f"block.{block}.mixer"


def residual_name(block: int) -> str:
    """The residual stream after a block; the embedding after block -1."""
    return EMBEDDING if block < 0 else f"block.{block}.residual"


def inner_name(block: int, what: str) -> str:
    """A quantity inside a block's mixer."""
    return f"block.{block}.{what}"


def stream(network: Network) -> tuple[str, ...]:
    """The residual stream from the embedding to the output of the last block."""
    return tuple(residual_name(block) for block in range(-1, len(network.backbone.blocks)))
