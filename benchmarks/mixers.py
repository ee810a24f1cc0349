"""What every mixer costs beside attention: `python benchmarks/mixers.py [--mixers mamba] [--markdown docs/mixers.md]`.

Each is as wide as makes its parameters as many as attention's. A training step is forward and backward over 32 prompts
of 128 tokens; decoding is one token of one prompt after a context, whose caches are filled without being computed.
Everything is timed in turn, and the medians are told: of processor time on one thread, of wall-clock time on several.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from markdown import table, write_section
from measure import Timing, argument_parser, finish, interleave, machine, settle

from icl_lab.core.errors import UserError
from icl_lab.core.short_form import from_short, split
from icl_lab.core.streams import Stream
from icl_lab.models.mixers.attention import Attention
from icl_lab.models.mixers.base import MIXERS, MixerSpec, SequenceMixer, Site, State, measured_size
from icl_lab.models.network import count_parameters

BATCH, LENGTH = 32, 128
CONTEXTS = (128, 32_768)
STEPS = 10  # decoded in one timed call: a single one is too short for the clock
EVERY = 8  # widths are multiples of it, so that heads fit
HEAD = (
    "mixer", "width", "parameters", "step ms", "per parameter", *(f"decode us, {n:,}" for n in CONTEXTS),
    *(f"state, {n:,}" for n in CONTEXTS),
)  # fmt: skip


@dataclass(frozen=True)
class Sized:
    """A mixer at the width that gives it a number of parameters."""

    name: str
    d_model: int
    mixer: SequenceMixer

    @property
    def parameters(self) -> int:
        """Measured."""
        return count_parameters(self.mixer)


def drawn(*shape: int) -> torch.Tensor:
    """Standard normal numbers, always the same."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def built(spec: MixerSpec, d_model: int) -> SequenceMixer:
    """With its first weights."""
    return spec.for_prompts(LENGTH).build(Site(d_model, depth=4, generator=Stream(0, ("benchmark",)).torch_generator()))


def sized(spec: MixerSpec, parameters: int, reference: int) -> Sized:
    """At the width whose number of parameters is closest; the reference width where width does not matter."""
    best: Sized | None = None
    # From the reference width outwards: the nearer one is taken where two are as good.
    for widths in (range(reference, 4 * reference + 1, EVERY), range(reference - EVERY, 0, -EVERY)):
        last = math.inf
        for width in widths:
            try:
                found = Sized(spec.short(), width, built(spec, width))
            except UserError:  # heads that do not fit this width
                continue
            off = abs(found.parameters - parameters)
            if off >= last:
                break
            last = off
            best = found if best is None or off < abs(best.parameters - parameters) else best
    assert best is not None
    return best


def training_step(sized: Sized) -> Callable[[], object]:
    """Forward and backward, gradients of the input and all weights."""
    x = drawn(BATCH, LENGTH, sized.d_model).requires_grad_()
    weights = [x, *sized.mixer.parameters()]
    grad = drawn(BATCH, LENGTH, sized.d_model)
    return lambda: torch.autograd.grad(sized.mixer(x), weights, grad)


@torch.no_grad()
def state_after(sized: Sized, length: int) -> State:
    """A state of the size it has after so many tokens; what grows with them is filled with arbitrary numbers."""
    mixer = sized.mixer
    one, two = (mixer.extend(drawn(1, n, sized.d_model), mixer.initial_state(1))[1] for n in (1, 2))
    # A window is full after fewer tokens.
    held = next(n for n in powers_and(length) if mixer.state_size(n) == mixer.state_size(length))
    state: State = {}
    for name, tensor in two.items():
        before = one[name].shape
        shape = [size + (held - 2) * (size - less) for size, less in zip(tensor.shape, before, strict=True)]
        state[name] = tensor if list(tensor.shape) == shape else drawn(*shape).to(tensor.dtype)
    if measured_size(state) != mixer.state_size(length):  # it grows in another way: read that many tokens
        _, state = mixer.extend(drawn(1, length, sized.d_model), mixer.initial_state(1))
    return state


def powers_and(length: int) -> list[int]:
    """Lengths to try, the shortest first: 2, 4, 8 ... and `length` itself."""
    return [*(1 << n for n in range(1, length.bit_length()) if 1 << n < length), length]


def decoding(sized: Sized, context: int) -> Callable[[], object]:
    """Some single tokens, each the last of a context.

    Raises:
        UserError: The mixer does not take so many.
    """
    token, state = drawn(1, sized.d_model), state_after(sized, context - 1)

    @torch.no_grad()
    def run() -> None:
        for _ in range(STEPS):
            sized.mixer.step(token, state)

    run()
    return run


def main() -> None:
    """Size, time, print, and write."""
    parser = argument_parser(__doc__ or "")
    parser.add_argument("--mixers", default="", help="as in a pattern, between commas; all by default")
    parser.add_argument("--d-model", type=int, default=64, help="attention's width")
    parser.add_argument("--markdown", type=Path, help="write the table into this file's section `cost`")
    chosen = settle(parser)
    began = time.perf_counter()
    attention = Sized("attention", chosen.d_model, built(Attention(), chosen.d_model))
    words = split(chosen.mixers) or MIXERS.names()
    specs = [spec for spec in (from_short(MIXERS, word) for word in words) if spec != Attention()]
    all_sized = [attention, *(sized(spec, attention.parameters, chosen.d_model) for spec in specs)]
    steps = {one.name: training_step(one) for one in all_sized}
    clock = time.process_time if chosen.threads == 1 else time.perf_counter
    timings = interleave("training step", steps, rounds=chosen.rounds, patience=chosen.patience, clock=clock)
    for context in CONTEXTS:
        cases = {}
        for one in all_sized:
            try:
                cases[one.name] = decoding(one, context)
            except UserError as trouble:
                print(f"{one.name}: {trouble}")
        what = f"decoding, {context}"
        timings += interleave(what, cases, rounds=chosen.rounds, patience=chosen.patience, clock=clock)
    lines = table(HEAD, rows(all_sized, timings))
    print("\n" + "\n".join(lines) + "\n")
    finish(timings, {"seconds for all of this": time.perf_counter() - began}, chosen.json)
    if chosen.markdown:
        write_section(chosen.markdown, "cost", [*lines, "", f"Attention is {chosen.d_model} wide. {where()}"])


def rows(all_sized: list[Sized], timings: list[Timing]) -> list[list[str]]:
    """The table: attention first, then by the time of a step for each parameter."""
    taken = {(timing.what, timing.who): timing.seconds for timing in timings}
    share = {one.name: taken["training step", one.name] / one.parameters for one in all_sized}
    first = all_sized[0].name
    found = []
    for one in sorted(all_sized, key=lambda one: (one.name != first, share[one.name])):
        decode = [taken.get((f"decoding, {context}", one.name)) for context in CONTEXTS]
        states = [f"{one.mixer.state_size(n):,}" if t else "refused" for n, t in zip(CONTEXTS, decode, strict=True)]
        found.append(
            [one.name, str(one.d_model), f"{one.parameters:,}", f"{1e3 * taken['training step', one.name]:.1f}"]
            + [f"{share[one.name] / share[first]:.1f} x"]
            + [f"{1e6 * seconds / STEPS:,.0f}" if seconds else "refused" for seconds in decode]
            + states
        )
    return found


def where() -> str:
    """What the times were taken on."""
    told = machine()
    return f"Threads: {told['threads']}; torch {told['torch']}; {told['kernels']}."


if __name__ == "__main__":
    main()
