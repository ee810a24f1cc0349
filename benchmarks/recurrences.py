"""Recurrences, native and in chunks, against their loops: `python benchmarks/recurrences.py [--only loops|sizes]`.

Four heads; forward and backward; float32.
"""

from collections.abc import Callable

import torch
from measure import Timing, arguments, finish, interleave, show
from torch import Tensor
from torch.nn import functional as F

from icl_lab.kernels import recurrences
from icl_lab.kernels.backend import using
from icl_lab.kernels.recurrences import reference

Call = Callable[[], object]
HEADS, D_VALUE = 4, 32
SHAPES = tuple((batch, length, d_key) for batch, length in ((64, 81), (8, 1024)) for d_key in (32, 16))
CHUNKS = (8, 16, 32, 64)


def problem(batch: int, num_tokens: int, d_key: int) -> dict[str, Tensor]:
    """Keys of length 1, rates below 1, decays as at initialisation."""
    generator = torch.Generator().manual_seed(0)
    rows = (batch, HEADS, num_tokens)
    k = F.normalize(torch.randn(*rows, d_key, generator=generator), dim=-1)
    return {
        "q": torch.randn(*rows, d_key, generator=generator),
        "k": k,
        "v": torch.randn(*rows, D_VALUE, generator=generator),
        "rate": torch.rand(rows, generator=generator),
        "heads": -0.1 * torch.rand(rows, generator=generator),
        "channels": -0.1 * torch.rand(*rows, d_key, generator=generator),
        "left": -k,
    }


def both(operation: Callable[..., Tensor], given: list[Tensor], kernels: str = "vectorised", **options: int) -> Call:
    """A call on one backend, and the gradients of all its inputs."""
    leaves = [x.clone().requires_grad_() for x in given]
    weight = torch.randn(given[2].shape, generator=torch.Generator().manual_seed(1))

    def run() -> object:
        with using(kernels):
            return torch.autograd.grad(operation(*leaves, **options), leaves, weight)

    return run


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """PyTorch's."""
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def rivals(shape: tuple[int, int, int]) -> dict[str, tuple[str, list[Tensor]]]:
    """The recurrences: operation and arguments."""
    x = problem(*shape)
    q, k, v = x["q"], x["k"], x["v"]
    return {
        "one decay a head": ("linear_recurrence", [q, k, v, x["heads"]]),
        "one decay a channel": ("linear_recurrence", [q, k, v, x["channels"]]),
        "gated delta rule": ("delta_rule", [q, k, v, x["rate"], x["heads"]]),
        "rank one, decay a channel": ("rank_one_recurrence", [q, k, v, x["left"], k, x["channels"]]),
    }


def against_loops(rounds: int, patience: float) -> list[Timing]:
    """Each recurrence, native and in chunks, its loop, and attention on the same queries, keys and values."""
    timings = []
    for shape in SHAPES:
        for name, (operation, given) in rivals(shape).items():
            cases = {
                "native": both(getattr(recurrences, operation), given, "native"),
                "chunks": both(getattr(recurrences, operation), given),
                "loop": both(getattr(reference, operation), given),
                "attention": both(attention, given[:3]),
            }
            timings += interleave(f"{name}, {shape}", cases, rounds=rounds, patience=patience)
    return timings


def sizes(rounds: int, patience: float) -> list[Timing]:
    """What the length of a chunk does."""
    timings = []
    for shape in SHAPES:
        for name, (operation, given) in rivals(shape).items():
            cases = {
                f"chunks of {chunk}": both(getattr(recurrences, operation), given, chunk=chunk) for chunk in CHUNKS
            }
            timings += interleave(f"{name}, {shape}", cases, rounds=rounds, patience=patience)
    return timings


def main() -> None:
    """Run what was asked for, print, and write."""
    chosen = arguments(__doc__ or "")
    timings = []
    if chosen.only in "loops":
        timings += against_loops(chosen.rounds, chosen.patience)
    if chosen.only in "sizes":
        timings += sizes(chosen.rounds, chosen.patience)
    show(timings)
    finish(timings, {}, chosen.json)


if __name__ == "__main__":
    main()
