"""Hooks at every named activation outside mixers, for a while.

b batch   t num_tokens   m d_model
"""

from collections.abc import Callable, Collection
from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from icl_lab.core.errors import UnknownName
from icl_lab.models.backbone import Block
from icl_lab.models.network import Network
from icl_lab.probing.activations.grammar import EMBEDDING, FINAL_NORM, Place, place
from icl_lab.probing.activations.listing import inside_names, outer_names

Visit = Callable[[Tensor], Tensor | None]


def check_names(network: Network, wanted: Collection[str]) -> None:
    """Refuse names of activations that a network does not have.

    Raises:
        UnknownName: With the nearest names there are.
    """
    outer = outer_names(network)
    inside: dict[int | None, tuple[str, ...]] = {}
    for name in sorted(set(wanted) - set(outer)):
        # What is inside a mixer is found by running it, which is left out where nobody asks.
        block = place(name).block
        if block not in inside:
            inside[block] = inside_names(network, block) if block is not None else ()
        if name not in inside[block]:
            near = inside[block] + tuple(one for one in outer if place(one).block == block)
            raise UnknownName(f"activation of {network.label}", name, near or outer)


def block_of(network: Network, at: Place) -> Block:
    """The block in which an activation is."""
    assert at.block is not None
    block = network.backbone.blocks[at.block]
    assert isinstance(block, Block)
    return block


def on_passing(network: Network, name: str, visit: Visit) -> RemovableHandle:
    """Call `visit` on an activation outside mixers whenever the sequence form makes it; what it returns is used.

    Hooks of one activation run in the order in which they were set.
    """
    at = place(name)
    if name == EMBEDDING:

        def before(module: nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor] | None:
            changed = visit(arguments[0])
            return None if changed is None else (changed,)

        return network.backbone.register_forward_pre_hook(before)

    def after(module: nn.Module, arguments: Any, result: Tensor) -> Tensor | None:
        return visit(result)

    if at.block is None:
        return (network.backbone if name == FINAL_NORM else network).register_forward_hook(after)
    block = block_of(network, at)
    return (block.mixer if at.what == "mixer" else block).register_forward_hook(after)
