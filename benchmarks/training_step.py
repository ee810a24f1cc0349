"""Whole training steps against those of other libraries: `python benchmarks/training_step.py [--json FILE]`.

64 prompts of 81 tokens, width 128, four blocks; forward, loss, backward and AdamW. Every rival has the same shape.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import models
import torch
from measure import Timing, arguments, finish, interleave, show

BATCH, NUM_TOKENS, WIDTH, BLOCKS = 64, 81, 128, 4


@contextmanager
def kernels(name: str) -> Iterator[None]:
    """Force a backend for a while."""
    before = os.environ.get("ICL_KERNELS")
    os.environ["ICL_KERNELS"] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ["ICL_KERNELS"]
        else:
            os.environ["ICL_KERNELS"] = before


def with_kernels(name: str, step: Callable[[], object]) -> Callable[[], None]:
    """The same step on another backend."""

    def call() -> None:
        with kernels(name):
            step()

    return call


def mamba_step(make: Callable[[int, int], torch.nn.Module]) -> Callable[[], object]:
    """A step of the small Mamba."""
    return models.training_step(make(WIDTH, BLOCKS), batch=BATCH, num_tokens=NUM_TOKENS)


def mamba_products(width: int, blocks: int) -> tuple[Callable[[], None], float]:
    """The matrix products of a Mamba step, alone: forward, and the two of each backward; and their operations."""
    inner, rank, states, rows = 2 * width, -(-width // 16), 16, BATCH * NUM_TOKENS
    shapes = [(width, 2 * inner), (inner, rank + 2 * states), (rank, inner), (inner, width)]
    generator = torch.Generator().manual_seed(0)
    work = [
        (
            torch.randn(rows, k, generator=generator),
            torch.randn(n, k, generator=generator),
            torch.randn(rows, n, generator=generator),
        )
        for k, n in shapes
    ]

    def run() -> None:
        for _ in range(blocks):
            for x, weight, grad in work:
                _ = x @ weight.T
                _ = grad @ weight
                _ = grad.T @ x

    return run, float(blocks * sum(6 * rows * k * n for k, n in shapes))


def small_mamba(rounds: int, patience: float) -> tuple[list[Timing], dict[str, float]]:
    """Ours, the PyTorch loop, mambapy and Hugging Face; and the matrix products alone."""
    own = mamba_step(models.our_mamba)
    products, operations = mamba_products(WIDTH, BLOCKS)
    cases = {
        "native": own,
        "matrix products alone": products,
        "loop": with_kernels("vectorised", own),
        "mambapy": mamba_step(models.mambapy),
        "Hugging Face": mamba_step(models.huggingface_mamba),
    }
    timings = interleave("Mamba step, width 128, 4 blocks", cases, rounds=rounds, patience=patience)
    figures = {
        "Mamba step: GFLOP/s of its matrix products": operations / timings[0].seconds / 1e9,
        "the same products alone: GFLOP/s": operations / timings[1].seconds / 1e9,
        "Mamba step: share of the rate of its products alone": timings[1].seconds / timings[0].seconds,
    }
    return timings, figures


def small_transformer(rounds: int, patience: float) -> list[Timing]:
    """Ours against Hugging Face's GPT-2."""
    cases = {
        "ours": mamba_step(models.our_transformer),
        "Hugging Face GPT-2": mamba_step(models.huggingface_gpt2),
    }
    return interleave("Transformer step, width 128, 4 layers", cases, rounds=rounds, patience=patience)


def half_precision(rounds: int, patience: float) -> list[Timing]:
    """bfloat16 (autocast) against float32 at width 256."""
    timings = []
    for name, make in (("Mamba", models.our_mamba), ("Transformer", models.our_transformer)):
        cases = {
            precision: models.training_step(
                make(256, BLOCKS), batch=BATCH, num_tokens=NUM_TOKENS, bfloat16=precision == "bfloat16"
            )
            for precision in ("bfloat16", "float32")
        }
        timings += interleave(f"{name} step, width 256, 4 blocks", cases, rounds=rounds, patience=patience)
    return timings


def peak_bytes(who: str) -> None:
    """Print how much memory one Mamba step adds to what the process had before it."""
    step = mamba_step({"native": models.our_mamba, "mambapy": models.mambapy}[who])
    models.training_step(models.our_mamba(16, 1), batch=1, num_tokens=2)()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    step()
    print(1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))


def memory() -> dict[str, float]:
    """Peak memory of a step, each rival in its own process."""
    peaks = {
        who: float(subprocess.check_output([sys.executable, __file__, "--peak-bytes-of", who]).split()[-1])
        for who in ("native", "mambapy")
    }
    figures = {f"peak memory of a Mamba step, {who}, MB": peak / 1e6 for who, peak in peaks.items()}
    return figures | {"peak memory of a Mamba step, mambapy over native": peaks["mambapy"] / peaks["native"]}


def main() -> None:
    """Run what was asked for, print, and write."""
    if sys.argv[1:2] == ["--peak-bytes-of"]:
        peak_bytes(sys.argv[2])
        return
    chosen = arguments(__doc__ or "")
    timings: list[Timing] = []
    figures: dict[str, float] = {}
    began = time.perf_counter()
    if chosen.only in "mamba":
        more, figures = small_mamba(chosen.rounds, chosen.patience)
        timings += more
    if chosen.only in "transformer":
        timings += small_transformer(chosen.rounds, chosen.patience)
    if chosen.only in "half":
        timings += half_precision(chosen.rounds, chosen.patience)
    if chosen.only in "memory":
        figures |= memory()
    show(timings)
    finish(timings, figures | {"seconds for all of this": time.perf_counter() - began}, chosen.json)


if __name__ == "__main__":
    main()
