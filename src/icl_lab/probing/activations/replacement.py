"""Putting something else in the place of activations while a network runs: the mechanism below every intervention."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from torch import Tensor, nn

from icl_lab.core.errors import UserError
from icl_lab.models.mixers.base import SequenceMixer
from icl_lab.models.network import Network
from icl_lab.probing.activations.grammar import ATTENTION, STATE, Place, place
from icl_lab.probing.activations.hooks import block_of, check_names, on_passing

Change = Callable[[Tensor], Tensor]


@contextmanager
def replaced(network: Network, changes: Mapping[str, Change]) -> Iterator[None]:
    """Change activations while a network reads prompts.

    `with replaced(network, {"block.3.mixer": torch.zeros_like}): network(tokens)`

    Everything computed from an activation is computed from what `change(activation)` returns; it must not write into
    what it is given. The network is as it was afterwards, whatever happened in between. Uses may be nested; the
    outermost change comes first.

    Args:
        network: Its sequence form is changed: `network(tokens)`, or `predict` where prompts have no branches.
        changes: By names from `names(network)`. States are not replaced here but handed to `network.extend`.

    Raises:
        UserError: The network has no such activation, it cannot be replaced, or the network did not run in its
            sequence form, which would leave changes without effect.
    """
    check_names(network, changes)
    for name in changes:
        what = place(name).what
        if what == ATTENTION or what.startswith(STATE):
            raise UserError(f"{name} can be read, not replaced; replace what it is made of, or hand over a state")
    used: set[str] = set()

    def noted(name: str, change: Change) -> Change:
        def apply(value: Tensor) -> Tensor:
            used.add(name)
            changed = change(value)
            if changed.shape != value.shape:
                raise UserError(f"{name}: expected {tuple(value.shape)} in its place, got {tuple(changed.shape)}")
            return changed

        return apply

    with ExitStack() as hooks:
        inside: dict[int, dict[str, Change]] = defaultdict(dict)
        for name, change in changes.items():
            at = place(name)
            if at.is_inner:
                assert at.block is not None
                inside[at.block][at.what] = noted(name, change)
            else:
                hooks.callback(on_passing(network, name, noted(name, change)).remove)
        for block, taps in inside.items():
            mixer = block_of(network, Place(block, "mixer")).mixer
            assert isinstance(mixer, SequenceMixer)
            _tap_while_called(mixer, taps, hooks)
        yield
    if missed := sorted(set(changes) - used):
        raise UserError(
            f"{network.label}: {missed[0]} was not replaced; read prompts as a sequence, network(tokens), inside "
            "replaced()"
        )


def _tap_while_called(mixer: SequenceMixer, taps: Mapping[str, Change], hooks: ExitStack) -> None:
    """Taps for the sequence form alone: a step has one token, about which a change knows nothing."""

    def before(module: nn.Module, arguments: Any) -> None:
        both = {**mixer.taps, **taps}
        for name in set(mixer.taps) & set(taps):
            both[name] = _in_turn(mixer.taps[name], taps[name])
        mixer.taps = both

    def after(module: nn.Module, arguments: Any, result: Any) -> None:
        # All taps at once: outside a call there are none.
        vars(mixer).pop("taps", None)

    hooks.callback(mixer.register_forward_pre_hook(before).remove)
    hooks.callback(mixer.register_forward_hook(after, always_call=True).remove)


def _in_turn(first: Change, second: Change) -> Change:
    return lambda value: second(first(value))
