"""Timing of rivals side by side: one process, one call each in turn, medians and ratios.

Interleaving makes whatever else the machine does fall on all rivals alike, so ratios can be trusted where times cannot.
"""

import argparse
import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

Case = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """What one rival took.

    Args:
        what: The thing measured.
        who: The rival.
        seconds: Median of its calls.
        fastest: Its fastest call, in seconds.
        calls: How many were timed.
        times_ours: Median over our median.
    """

    what: str
    who: str
    seconds: float
    fastest: float
    calls: int
    times_ours: float


def interleave(
    what: str,
    cases: dict[str, Case],
    *,
    rounds: int,
    patience: float,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Timing]:
    """Time the cases in turn; the first is ours. A case that has used up `patience` seconds sits out further rounds."""
    taken: dict[str, list[float]] = {who: [] for who in cases}
    for round_ in range(rounds + 1):
        for who, case in cases.items():
            if sum(taken[who]) > patience:
                continue
            gc.collect()
            began = clock()
            case()
            took = clock() - began
            if round_ > 0 or took > patience / 2:
                taken[who].append(took)
    medians = {who: statistics.median(times) for who, times in taken.items()}
    ours = next(iter(medians.values()))
    return [
        Timing(what, who, medians[who], min(times), len(times), medians[who] / ours) for who, times in taken.items()
    ]


def show(timings: list[Timing]) -> None:
    """Print a table."""
    what = None
    for timing in timings:
        if timing.what != what:
            what = timing.what
            print(f"\n{what}")
        print(
            f"  {timing.who:<28}{1e3 * timing.seconds:>10.2f} ms   fastest {1e3 * timing.fastest:>9.2f} ms"
            f"   {timing.calls:>3} calls   {timing.times_ours:>7.1f} x"
        )


def arguments(description: str, **filters: str) -> argparse.Namespace:
    """The options that all benchmarks share, and filters of one benchmark's own; sets the number of threads."""
    parser = argument_parser(description)
    parser.add_argument("--only", default="", help="run the sections whose name contains this")
    for name, meaning in filters.items():
        parser.add_argument(f"--{name}", default="", help=meaning)
    return settle(parser)


def argument_parser(description: str) -> argparse.ArgumentParser:
    """The options that all benchmarks share, for one that has more."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--threads", type=int, default=2, help="threads for PyTorch and the kernels")
    parser.add_argument("--rounds", type=int, default=9, help="calls of each rival, after one that is not timed")
    parser.add_argument("--patience", type=float, default=40, help="seconds after which a slow rival is called no more")
    parser.add_argument("--json", type=Path, help="write the timings here")
    return parser


def settle(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The options given; sets the number of threads."""
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    return chosen


def machine() -> dict[str, object]:
    """Where the numbers come from."""
    from icl_lab.kernels import backend_report

    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "kernels": backend_report().why,
        "load": os.getloadavg()[0],
    }


def finish(timings: list[Timing], figures: dict[str, float], path: Path | None) -> None:
    """Print the single figures, and write everything."""
    if figures:
        print()
    for name, value in figures.items():
        print(f"{name}: {value:.3g}")
    if path is not None:
        content = {"machine": machine(), "timings": [asdict(timing) for timing in timings], "figures": figures}
        path.write_text(json.dumps(content, indent=2) + "\n")
