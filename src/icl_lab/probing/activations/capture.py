"""Reading activations while a network runs."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from icl_lab.core.errors import UserError
from icl_lab.models.mixers.base import SequenceMixer
from icl_lab.models.network import Network
from icl_lab.probing.activations.grammar import Place, inner_name, place
from icl_lab.probing.activations.hooks import block_of, check_names, on_passing
from icl_lab.probing.activations.inner import inner_activations


@contextmanager
def capture(network: Network, wanted: Iterable[str]) -> Iterator[dict[str, Tensor]]:
    """Keep activations while a network reads prompts.

    `with capture(network, ["block.3.residual"]) as found: network(tokens)`

    `found` then holds them by their names, detached, those of the last call. The network's output is bit for bit what
    it would have been, and the network is as it was afterwards, whatever happened in between. Inside `replaced`, what
    is found is what was put there.

    Args:
        network: Its sequence form is looked at: `network(tokens)`, or `predict` where prompts have no branches.
        wanted: Names from `names(network)`. States and attention cost a run of the mixer for each token.

    Raises:
        UserError: The network has no such activation, or did not run in its sequence form.
    """
    asked = tuple(dict.fromkeys(wanted))
    check_names(network, asked)
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def visit(value: Tensor) -> None:
            found[name] = value.detach()

        return visit

    with ExitStack() as hooks:
        for name in asked:
            if not place(name).is_inner:
                hooks.callback(on_passing(network, name, keep(name)).remove)
        for block in sorted({place(name).block for name in asked if place(name).is_inner}):  # type: ignore[type-var]
            hooks.callback(_inside(network, block, asked, found).remove)
        yield found
    if asked and not found:
        raise UserError(
            f"{network.label}: nothing was captured; read prompts as a sequence, network(tokens), inside capture()"
        )


def _inside(network: Network, block: int | None, asked: tuple[str, ...], found: dict[str, Tensor]) -> RemovableHandle:
    """Keep quantities inside one mixer."""
    assert block is not None
    places = [place(name) for name in asked]
    wanted = tuple(at.what for at in places if at.block == block and at.is_inner)
    mixer = block_of(network, Place(block, "mixer")).mixer
    assert isinstance(mixer, SequenceMixer)

    def after(module: nn.Module, arguments: tuple[Tensor, ...], result: Tensor) -> None:
        inner = inner_activations(mixer, arguments[0], wanted)
        found.update({inner_name(block, what): value for what, value in inner.items()})

    # First of all hooks: the taps of a replacement are taken off by another one.
    return mixer.register_forward_hook(after, prepend=True)
