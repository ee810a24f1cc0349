"""The native kernels against their rivals: `python benchmarks/kernels.py [--json FILE]`.

Rivals: the well-written PyTorch loop of this package, mambapy's parallel scan, PyTorch's grouped convolution.
"""

from collections.abc import Callable

import torch
from mambapy.pscan import pscan
from measure import Timing, arguments, finish, interleave, show
from torch import Tensor
from torch.nn import functional as F

from icl_lab.kernels import native, vectorised

Scan = Callable[..., Tensor]


def mambapy_scan(
    u: Tensor, dt: Tensor, A: Tensor, B: Tensor, C: Tensor, *, D: Tensor, z: Tensor, dt_bias: Tensor
) -> Tensor:
    """The same scan through mambapy's parallel scan, as its `MambaBlock` calls it."""
    dt = F.softplus(dt + dt_bias)
    states = pscan(torch.exp(dt[..., None] * A), (dt * u)[..., None] * B[:, :, None, :])
    return ((states @ C[..., None])[..., 0] + D * u) * F.silu(z)


def torch_convolution(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """The same convolution through `torch.conv1d`, as Mamba implementations write it."""
    y = F.conv1d(x.mT, weight[:, None], bias, padding=weight.shape[1] - 1, groups=weight.shape[0])
    return F.silu(y[..., : x.shape[1]]).mT


def scan_problem(batch: int, num_tokens: int, channels: int, d_state: int) -> dict[str, Tensor]:
    """Random inputs with step sizes as at initialisation."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    return {
        "u": normal(batch, num_tokens, channels),
        "dt": normal(batch, num_tokens, channels),
        "A": -torch.arange(1.0, d_state + 1).repeat(channels, 1),
        "B": normal(batch, num_tokens, d_state),
        "C": normal(batch, num_tokens, d_state),
        "D": normal(channels),
        "z": normal(batch, num_tokens, channels),
        "dt_bias": normal(channels) - 4,
    }


def forward(operation: Scan, given: dict[str, Tensor]) -> Callable[[], object]:
    """A call without gradients."""

    def call() -> None:
        with torch.no_grad():
            operation(**given)

    return call


def both(operation: Scan, given: dict[str, Tensor]) -> Callable[[], object]:
    """A call, and the gradients of all its inputs."""
    leaves = {name: x.clone().requires_grad_() for name, x in given.items()}
    weight = torch.randn(next(iter(given.values())).shape, generator=torch.Generator().manual_seed(1))
    return lambda: torch.autograd.grad(operation(**leaves), list(leaves.values()), weight)


def scans(rounds: int, patience: float) -> list[Timing]:
    """Forward, and forward with backward, at the two shapes of a small and a large Mamba layer."""
    timings = []
    rivals: dict[str, Scan] = {
        "native": native.selective_scan,
        "loop": vectorised.selective_scan,
        "mambapy": mambapy_scan,
    }
    for shape in ((64, 81, 512, 16), (64, 81, 128, 16)):
        given = scan_problem(*shape)
        for name, mode in (("forward", forward), ("forward + backward", both)):
            cases = {who: mode(scan, given) for who, scan in rivals.items()}
            timings += interleave(f"scan {shape}, {name}", cases, rounds=rounds, patience=patience)
    return timings


def convolutions(rounds: int, patience: float) -> list[Timing]:
    """Convolution and SiLU, forward with backward."""
    timings = []
    rivals: dict[str, Scan] = {
        "native": native.causal_conv1d,
        "torch conv1d": torch_convolution,
        "shifted copies": vectorised.causal_conv1d,
    }
    for channels in (512, 256):
        generator = torch.Generator().manual_seed(0)
        given = {
            "x": torch.randn(64, 81, channels, generator=generator),
            "weight": torch.randn(channels, 4, generator=generator),
            "bias": torch.randn(channels, generator=generator),
        }
        cases = {who: both(convolution, given) for who, convolution in rivals.items()}
        timings += interleave(f"convolution (64, 81, {channels}), both", cases, rounds=rounds, patience=patience)
    return timings


def lengths(rounds: int, patience: float) -> tuple[list[Timing], dict[str, float]]:
    """Time a token of the forward pass at two lengths."""
    cases = {
        f"{num_tokens} tokens": forward(native.selective_scan, scan_problem(1, num_tokens, 256, 16))
        for num_tokens in (1_024, 65_536)
    }
    timings = interleave("scan (1, length, 256, 16), forward", cases, rounds=rounds, patience=patience)
    return timings, {"time a token at 65,536 over that at 1,024": timings[1].times_ours / 64}


def main() -> None:
    """Run what was asked for, print, and write."""
    chosen = arguments(__doc__ or "")
    timings, figures = [], {}
    if chosen.only in "scans":
        timings += scans(chosen.rounds, chosen.patience)
    if chosen.only in "convolutions":
        timings += convolutions(chosen.rounds, chosen.patience)
    if chosen.only in "lengths":
        more, figures = lengths(chosen.rounds, chosen.patience)
        timings += more
    show(timings)
    finish(timings, figures, chosen.json)


if __name__ == "__main__":
    main()
