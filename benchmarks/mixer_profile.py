"""Where a mixer's training step spends its time: `python benchmarks/mixer_profile.py [--mixers mesa,rwkv7]`.

The step is that of `benchmarks/mixers.py`. Time goes to the functions that a mixer calls, by torch.profiler: an
operation belongs to the innermost one that it ran in, and a step of the backward pass to the one whose operation it
differentiates. Numbers in a row are percents, forward and backward together.
"""

import argparse
import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import torch
from mixers import Sized, built, sized, training_step
from torch.profiler import ProfilerActivity, profile, record_function

from icl_lab import kernels
from icl_lab.core.short_form import from_short, split
from icl_lab.models.mixers.attention import Attention
from icl_lab.models.mixers.base import MIXERS
from icl_lab.models.network import count_parameters

MARK = "function: "
REST = "the rest"
WIDTH = 64  # of attention, whose parameters all have as many of


def main() -> None:
    """Profile and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mixers", default="", help="as in a pattern, between commas; all by default")
    parser.add_argument("--calls", type=int, default=5, help="steps that are profiled")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    parameters = count_parameters(built(Attention(), WIDTH))
    for word in split(chosen.mixers) or MIXERS.names():
        found = sized(from_short(MIXERS, word), parameters, WIDTH)
        shares, seconds = profiled(found, chosen.calls)
        told = ", ".join(f"{name} {100 * share:.0f}" for name, share in shares.most_common() if share > 0.01)
        print(f"{word} ({1000 * seconds:.0f} ms): {told}", flush=True)


def profiled(found: Sized, calls: int) -> tuple[Counter[str], float]:
    """Shares of the time by function, and seconds a step."""
    with marked(found):
        step = training_step(found)
        step()
        with profile(activities=[ProfilerActivity.CPU]) as record:
            for _ in range(calls):
                step()
    events = [event for event in record.events() if not event.name.startswith("aten::empty")]
    owner = {e.sequence_nr: mark_of(e) for e in events if e.sequence_nr >= 0 and mark_of(e) and not backward(e)}
    shares: Counter[str] = Counter()
    for event in events:
        node = next((up.sequence_nr for up in upwards(event) if backward(up)), -1)
        shares[mark_of(event) or owner.get(node) or REST] += event.self_cpu_time_total
    total = sum(shares.values())
    return Counter({name: share / total for name, share in shares.items()}), total / calls / 1e6


def upwards(event: Any) -> Iterator[Any]:
    """An event and those around it."""
    while event is not None:
        yield event
        event = event.cpu_parent


def backward(event: Any) -> bool:
    """Whether it is a step of the backward pass."""
    return bool(event.name.startswith("autograd::engine::evaluate_function"))


def mark_of(event: Any) -> str | None:
    """The innermost function that it ran in."""
    return next((up.name.removeprefix(MARK) for up in upwards(event) if up.name.startswith(MARK)), None)


@contextmanager
def marked(found: Sized) -> Iterator[None]:
    """Mark the functions that the mixer's file names, those of the kernels, and linear maps."""
    file = sys.modules[type(found.mixer).__module__]
    places = [(file, name, thing) for name, thing in vars(file).items() if inspect.isfunction(thing)]
    places += [(kernels, name, thing) for name, thing in vars(kernels).items() if inspect.isfunction(thing)]
    places.append((torch.nn.Linear, "forward", torch.nn.Linear.forward))
    try:
        for place, name, thing in places:
            setattr(place, name, marking(thing, "linear maps" if place is torch.nn.Linear else name))
        yield
    finally:
        for place, name, thing in places:
            setattr(place, name, thing)


def marking(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function, seen by the profiler."""

    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with record_function(MARK + name):
            return function(*args, **kwargs)

    return run


if __name__ == "__main__":
    main()
