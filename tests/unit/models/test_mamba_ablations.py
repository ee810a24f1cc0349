"""Mamba with parts left out: against sums over the prompt with the kernel in closed form, outputs and gradients."""

from itertools import product

import pytest
import torch
from torch import Tensor
from torch.nn.functional import pad, silu, softplus

from icl_lab.models.mixers.base import Site
from icl_lab.models.mixers.mamba import Mamba, MambaMixer
from tests.unit.models.mixer_oracles import D_MODEL, LENGTH, assert_same_outputs_and_gradients, built
from tests.unit.models.toys import assert_same, generator, randn

WIDTH, D_STATE = 2 * D_MODEL, 4
every = pytest.mark.parametrize(
    ("selective", "gate", "d_conv"), list(product(["all", "B_C", "dt", "none"], [True, False], [0, 1, 4]))
)


def convolved(mixer: MambaMixer, x: Tensor) -> tuple[Tensor, Tensor]:
    """What is scanned, and the factor on the scan's output."""
    u, z = (mixer.in_proj(x).chunk(2, dim=-1)) if mixer.spec.gate else (mixer.in_proj(x), None)
    if width := mixer.spec.d_conv:
        windows = pad(u, (0, 0, width - 1, 0)).unfold(1, width, 1)
        u = silu((windows * mixer.conv_weight).sum(-1) + mixer.conv_bias)
    return u, torch.ones_like(u) if z is None else silu(z)


def by_sums(mixer: MambaMixer, x: Tensor) -> Tensor:
    """y_t = sum_{j <= t} C_t . (exp(A sum_{j < i <= t} dt_i) dt_j B_j) u_j + D u_t, without a recurrence."""
    u, factor = convolved(mixer, x)
    ones = torch.ones(*u.shape[:2], 1, dtype=u.dtype)
    selected = mixer.x_proj(u) if hasattr(mixer, "x_proj") else None
    rank = len(mixer.dt_proj[0]) if hasattr(mixer, "dt_proj") else 0
    dt = softplus(selected[..., :rank] @ mixer.dt_proj.T + mixer.dt_bias) if rank else softplus(mixer.dt_bias) * ones
    if hasattr(mixer, "B"):
        B, C = mixer.B * ones, mixer.C * ones
    else:
        B, C = selected[..., rank:].chunk(2, dim=-1)
    total = dt.cumsum(1)
    elapsed = (total[:, :, None] - total[:, None])[..., None]  # (b, t, j, e, 1)
    A = -mixer.A_log.exp()
    weights = torch.exp(A * elapsed.clamp(min=0)) * (C[:, :, None] * B[:, None])[:, :, :, None]
    seen = torch.ones(LENGTH, LENGTH, dtype=u.dtype).tril()[:, :, None]
    y = (weights.sum(-1) * dt[:, None] * u[:, None] * seen).sum(2) + mixer.D * u
    return mixer.out_proj(y * factor)


@every
def test_equals_sums_over_the_prompt(selective: str, gate: bool, d_conv: int) -> None:
    ours = built(Mamba(selective=selective, gate=gate, d_conv=d_conv, d_state=D_STATE))
    assert_same_outputs_and_gradients(ours, lambda x: by_sums(ours, x))


@pytest.mark.parametrize("gate", [True, False])
def test_constant_dt_B_and_C_make_it_a_convolution(gate: bool) -> None:
    ours = built(Mamba(selective="none", gate=gate, d_state=D_STATE))

    def by_kernel(x: Tensor) -> Tensor:
        u, factor = convolved(ours, x)
        dt, lags = softplus(ours.dt_bias), torch.arange(LENGTH, dtype=torch.float64)
        # K_l = sum_n C_n exp(l dt A_n) dt B_n, for each channel; the convolution by FFT.
        powers = torch.exp(-ours.A_log.exp() * dt[:, None] * lags[:, None, None])
        kernel = dt * (powers * ours.B * ours.C).sum(-1)
        spectrum = torch.fft.rfft(u, 2 * LENGTH, dim=1) * torch.fft.rfft(kernel, 2 * LENGTH, dim=0)
        y = torch.fft.irfft(spectrum, 2 * LENGTH, dim=1)[:, :LENGTH] + ours.D * u
        return ours.out_proj(y * factor)

    assert_same_outputs_and_gradients(ours, by_kernel)


@pytest.mark.parametrize("d_conv", [0, 4])
def test_a_selective_block_whose_weights_say_the_same_of_each_token_is_the_time_invariant_one(d_conv: int) -> None:
    selective, fixed = (built(Mamba(selective=s, d_state=1, d_conv=d_conv)) for s in ("dt", "none"))
    with torch.no_grad():
        selective.x_proj.weight.zero_()
        for name, weight in fixed.named_parameters():
            weight.copy_(dict(selective.named_parameters())[name])
    x = randn(2, LENGTH, D_MODEL)
    assert_same(selective(x), fixed(x))


def test_is_linear_in_the_prompt_with_everything_left_out_and_only_then() -> None:
    bare = built(Mamba(selective="none", gate=False, d_conv=0))
    x, y = randn(2, LENGTH, D_MODEL), randn(2, LENGTH, D_MODEL, seed=1)
    assert_same(bare(2 * x - y), 2 * bare(x) - bare(y))
    whole = built(Mamba())
    assert (whole(2 * x - y) - 2 * whole(x) + whole(y)).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("spec", "missing"),
    [
        (Mamba(), set()),
        (Mamba(d_conv=0), {"conv_weight", "conv_bias"}),
        (Mamba(selective="B_C"), {"dt_proj"}),
        (Mamba(selective="dt"), set()),
        (Mamba(selective="none"), {"dt_proj", "x_proj.weight"}),
    ],
)
def test_what_is_left_out_has_no_weights(spec: Mamba, missing: set[str]) -> None:
    def names(of: Mamba) -> set[str]:
        return {name for name, _ in of.build(Site(8, 1, generator())).named_parameters()}

    assert names(Mamba()) - names(spec) == missing
    assert names(spec) - names(Mamba()) == ({"B", "C"} if spec.selective in ("dt", "none") else set())
    assert Mamba(gate=False).build(Site(8, 1, generator())).in_proj.weight.shape == (16, 8)
