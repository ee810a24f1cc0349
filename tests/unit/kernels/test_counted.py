"""The scan that operations are counted on has the operations of the loop, in a number of calls that does not grow."""

from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from icl_lab import kernels
from icl_lab.core.errors import UserError
from icl_lab.kernels import backend, flops
from icl_lab.kernels.flops import counting

# b batch   e channels   n d_state
b, e, n = 2, 5, 3
SHAPES = {"u": (e,), "dt": (e,), "z": (e,), "B": (n,), "C": (n,)}


def arguments(num_tokens: int, trained: set[str]) -> dict[str, torch.Tensor]:
    made = {name: torch.zeros(b, num_tokens, *shape) for name, shape in SHAPES.items()}
    made |= {"A": torch.zeros(e, n), "D": torch.zeros(e), "initial_state": torch.zeros(b, e, n)}
    # What is trained comes out of a product of its own, so that a gradient is counted where it is asked for.
    return {
        name: value @ torch.zeros(2 * (value.shape[-1],), requires_grad=True) if name in trained else value
        for name, value in made.items()
    }


def counted(num_tokens: int, trained: set[str], unread: bool) -> int:
    with counting() as counter:
        y, state = kernels.selective_scan(**arguments(num_tokens, trained), return_state=True)
        read = state if unread else y
        if trained:
            read.sum().backward()
    return counter.get_total_flops()


@pytest.mark.parametrize("num_tokens", [1, 2, 9])
@pytest.mark.parametrize("unread", [False, True])
@pytest.mark.parametrize(
    "trained",
    [set(), {"u"}, {"dt"}, {"B"}, {"A"}, {"initial_state"}, {"C", "u"}, {*SHAPES, "A", "D", "initial_state"}],
    ids=lambda trained: "+".join(sorted(trained)) or "none",
)
def test_operations_are_those_of_the_loop(
    num_tokens: int, unread: bool, trained: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = counted(num_tokens, trained, unread)
    monkeypatch.setattr(flops, "COUNTED", "vectorised")
    assert at_once == counted(num_tokens, trained, unread) > 0


def test_calls_do_not_grow_with_the_number_of_tokens() -> None:
    assert calls(4) == calls(40)


def calls(num_tokens: int) -> int:
    """Of operators, forward and backward."""
    numbers = arguments(num_tokens, {"u", "C"})
    with counting(), Calls() as made:
        y = kernels.selective_scan(**numbers)
        assert isinstance(y, torch.Tensor)
        y.sum().backward()
    return made.number


class Calls(TorchDispatchMode):
    number = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.number += 1
        return func(*args, **(kwargs or {}))


def test_nobody_can_ask_for_numbers_that_mean_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(backend.VARIABLE, backend.COUNTED)
    with pytest.raises(UserError, match="names no backend"):
        backend.forced()
