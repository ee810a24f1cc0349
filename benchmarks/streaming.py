"""A million examples through one network with no prompt kept: time an example, and memory that grows or does not.

    python benchmarks/streaming.py                                  Mamba, a million examples; then attention, shorter
    python benchmarks/streaming.py --model rwkv7 --examples 100000

Weights are untrained: neither time nor memory depends on what they are. Linux only, where memory is read.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

import icl_lab as icl
from icl_lab.core.streams import Stream
from icl_lab.models.presets.base import PRESETS, Preset
from icl_lab.models.streaming import Streaming

DIM = 5
WARM = 1_000  # examples before memory is looked at, so that what is allocated once is there
SINGLE = 200
ATTENTION = "(attention mlp)*L"


def examples(number: int, at_once: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Examples of one linear function, so many at a time, newly drawn and not kept."""
    generator = Stream(0).child("examples").torch_generator()
    weights = torch.randn(DIM, generator=generator)
    for begin in range(0, number, at_once):
        xs = torch.randn(1, min(at_once, number - begin), DIM, generator=generator)
        yield xs, xs @ weights


def resident(line: str) -> float:
    """MiB of this process: `VmRSS` now, `VmHWM` at most since `forget_peak`."""
    status = Path("/proc/self/status").read_text()
    return next(int(row.split()[1]) / 1024 for row in status.splitlines() if row.startswith(line))


def forget_peak() -> None:
    """Let `VmHWM` begin anew."""
    Path("/proc/self/clear_refs").write_text("5")


def microseconds(stream: Streaming, number: int, at_once: int) -> float:
    """Time an example, drawing it included."""
    began = time.perf_counter()
    for xs, ys in examples(number, at_once):
        stream.observe(xs, ys)
    return 1e6 * (time.perf_counter() - began) / number


def measure(preset: Preset, number: int, at_once: int) -> None:
    """Read a stream and print a row."""
    network = preset.build(icl.task("linear_regression", dim=DIM), Stream(0)).eval()
    stream = icl.start(network)
    microseconds(stream, WARM, at_once)
    forget_peak()
    before, state_before = resident("VmRSS"), stream.state.size
    pieces = microseconds(stream, number - WARM - SINGLE, at_once)
    single = microseconds(stream, SINGLE, 1)
    growth = resident("VmHWM") - before
    prediction = float(stream.predict(torch.zeros(DIM)))
    assert stream.num_examples == number
    assert prediction == prediction, "the prediction is not a number"
    print(
        f"{preset.word:<24}{number:>12,}{pieces:>12.1f}{single:>12.0f}{state_before:>14,}{stream.state.size:>14,}"
        f"{growth:>12.1f}"
    )


def main() -> None:
    """Measure the model that is asked for, then attention at three lengths."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="mamba", help="a preset without learned positions, or a pattern of blocks")
    parser.add_argument("--examples", type=int, default=1_000_000)
    parser.add_argument("--at-once", type=int, default=500, help="examples observed in one call")
    parser.add_argument("--attention", default="2000,4000,8000", help="lengths for attention; empty for none")
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    lengths = [int(number) for number in filter(None, chosen.attention.split(","))]
    if min([chosen.examples, *lengths]) <= WARM + SINGLE:
        parser.error(f"expected more than {WARM + SINGLE:,} examples in every stream")
    torch.set_num_threads(chosen.threads)
    print(f"{'':<24}{'':>12}{'us an example':>24}{'numbers of state':>28}{'peak memory':>12}")
    after = f"after {WARM:,}"
    print(f"{'model':<24}{'examples':>12}{'in pieces':>12}{'singly':>12}{after:>14}{'at the end':>14}{'+ MiB':>12}")
    name = chosen.model
    measure(icl.model(name) if name in PRESETS else icl.model("pattern", blocks=name), chosen.examples, chosen.at_once)
    for number in lengths:
        measure(icl.model("pattern", blocks=ATTENTION), number, chosen.at_once)


if __name__ == "__main__":
    main()
