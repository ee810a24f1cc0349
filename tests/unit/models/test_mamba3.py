"""Mamba-3 is the complex, trapezoidal recurrence that its paper derives it from; nothing is turned there."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import silu, softplus

from icl_lab.core.errors import UserError
from icl_lab.kernels import selective_scan
from icl_lab.models.mixers.base import Site
from icl_lab.models.mixers.mamba3 import Mamba3, Mamba3Mixer, accumulated
from tests.unit.models.mixer_oracles import LENGTH, assert_same_outputs_and_gradients, built
from tests.unit.models.toys import assert_same, generator, randn

HEADS, D_STATE = 4, 8


def by_complex_numbers(mixer: Mamba3Mixer, x: Tensor) -> Tensor:
    """h_t = a_t (h_{t-1} + (1 - l_t) dt_t B_{t-1} u_{t-1}) + l_t dt_t B_t u_t,  a_t = exp(dt_t (A_t - i theta_t)).

    It is read as Re C* h. Planes that turn are complex entries; the others are real ones, which do not.
    """
    spec = mixer.spec
    widths = [mixer.width] * 2 + [D_STATE] * 2 + [HEADS] * (2 + spec.trapezoid) + [D_STATE // 4] * spec.rotary
    z, u, B, C, step, rate, *others = mixer.in_proj(x).split(widths, dim=-1)
    blend = others.pop(0).sigmoid() if spec.trapezoid else torch.ones_like(step)
    theta = math.pi * others.pop().tanh() if spec.rotary else x.new_zeros(*x.shape[:2], 0)
    dt, A = softplus(step + mixer.dt_bias), -softplus(rate).clamp(min=1e-4)
    B, C = (
        (part / (part.square().mean(-1, keepdim=True) + 1e-5).sqrt() * norm.weight)[:, :, None] + bias[:, 0]
        for part, norm, bias in ((B, mixer.B_norm, mixer.B_bias), (C, mixer.C_norm, mixer.C_bias))
    )
    r = theta.shape[-1]
    B, C = (
        torch.cat([torch.complex(part[..., :r], part[..., r : 2 * r]), part[..., 2 * r :] + 0j], dim=-1)
        for part in (B, C)
    )
    frequency = torch.cat([theta, theta.new_zeros(*theta.shape[:2], D_STATE - 2 * r)], dim=-1)
    u = u.unflatten(-1, (HEADS, -1))
    state = torch.zeros(len(x), HEADS, D_STATE - r, mixer.d_head, dtype=torch.complex128)
    before, outputs = torch.zeros_like(state), []
    for t in range(x.shape[1]):
        decay = torch.exp(dt[:, t, :, None] * torch.complex(A[:, t, :, None].expand(-1, -1, D_STATE - r),
                                                            -frequency[:, t, None].expand(-1, HEADS, -1)))  # fmt: skip
        write = B[:, t, :, :, None] * u[:, t, :, None]
        old, new = ((part * dt[:, t])[..., None, None] for part in (1 - blend[:, t], blend[:, t]))
        state = decay[..., None] * (state + old * before) + new * write
        before = write
        y = (C[:, t, :, :, None].conj() * state).sum(2).real + mixer.D[:, None] * u[:, t]
        outputs.append(y.flatten(1))
    return mixer.out_proj(torch.stack(outputs, dim=1) * silu(z))


@pytest.mark.parametrize("trapezoid", [True, False])
@pytest.mark.parametrize("rotary", [True, False])
def test_equals_the_complex_recurrence(trapezoid: bool, rotary: bool) -> None:
    ours = built(Mamba3(num_heads=HEADS, d_state=D_STATE, trapezoid=trapezoid, rotary=rotary))
    assert_same_outputs_and_gradients(ours, lambda x: by_complex_numbers(ours, x))


def test_without_both_it_is_the_selective_scan_with_a_decay_that_depends_on_the_token() -> None:
    ours = built(Mamba3(num_heads=HEADS, d_state=D_STATE, trapezoid=False, rotary=False))
    with torch.no_grad():
        ours.in_proj.weight[-HEADS:] = 0  # A = -log 2 for each token
        ours.B_bias.copy_(ours.B_bias[:1].expand_as(ours.B_bias))  # the scan has one B and one C for all channels
        ours.C_bias.copy_(ours.C_bias[:1].expand_as(ours.C_bias))

    def by_scan(x: Tensor) -> Tensor:
        z, u, B, C, dt, _ = ours.in_proj(x).split([32, 32, D_STATE, D_STATE, HEADS, HEADS], dim=-1)
        per_channel = ours.d_head
        return ours.out_proj(
            selective_scan(
                u,
                dt.repeat_interleave(per_channel, -1),
                torch.full((32, D_STATE), -math.log(2.0), dtype=torch.float64),
                ours.B_norm(B) + ours.B_bias[0],
                ours.C_norm(C) + ours.C_bias[0],
                D=ours.D.repeat_interleave(per_channel),
                z=z,
                dt_bias=ours.dt_bias.repeat_interleave(per_channel),
            )
        )

    x = randn(2, LENGTH, 16)
    assert_same(ours(x), by_scan(x))


@pytest.mark.parametrize(("blend", "order"), [(0.0, 2), (1e3, 1)])
def test_the_trapezoid_is_of_second_order(blend: float, order: int) -> None:
    # h' = -h + sin(s) from h(0) = 0 up to s = 2, in steps of 2 / T: half of the step divides the error by 2^order.
    errors = []
    for steps in (64, 128):
        mixer = Mamba3(num_heads=1, d_state=1, expand=1, rotary=False).build(Site(2, 1, generator())).double()
        with torch.no_grad():
            # Tokens are (sin(s), 1). Rows of W_in: z (2), u (2), B, C, dt, A, l; B = C = 1, A = -1, SiLU(z) = 1.
            mixer.in_proj.weight.zero_()
            mixer.in_proj.weight[:2, 1] = 1.2784645427610738
            mixer.in_proj.weight[2, 0] = 1.0
            mixer.in_proj.weight[7, 1] = math.log(math.e - 1)
            mixer.in_proj.weight[8, 1] = blend
            mixer.dt_bias.fill_(math.log(math.expm1(2 / steps)))
            mixer.D.zero_()
            mixer.out_proj.weight.copy_(torch.eye(2))
            times = torch.linspace(0, 2, steps + 1, dtype=torch.float64)[1:]
            h = mixer(torch.stack([times.sin(), torch.ones_like(times)], dim=-1)[None])[0, -1, 0].item()
        errors.append(abs(h - (math.sin(2) - math.cos(2) + math.exp(-2)) / 2))
    # The next term of the error is a few steps relative to the first, 2 / 64.
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.1)


def test_angles_keep_their_digits_over_a_long_prompt() -> None:
    angles = torch.full((1, 1, 8192, 1), 0.3)
    sums, last = accumulated(angles, torch.full((1, 1, 1), 1.0))
    exact = torch.remainder(1 + angles[0, 0, 0, 0].double() * torch.arange(1, 8193), 2 * math.pi)
    # One rounding to float32 of a number below 2 pi; running sums in float32 would be off by 1e-4.
    assert (sums.flatten().double() - exact).abs().max() < 5e-7
    assert torch.equal(last.flatten(), sums[0, 0, -1])


def test_initial_values() -> None:
    mixer = Mamba3().build(Site(64, 4, generator()))
    assert torch.equal(mixer.B_bias, torch.ones(8, 1, 32))
    assert torch.equal(mixer.C_bias, torch.ones(8, 1, 32))
    assert torch.equal(mixer.D, torch.ones(8))
    dt = softplus(mixer.dt_bias)
    # Drawn between the ends; softplus rounds in float32.
    assert 0.999e-3 < dt.min() < dt.max() < 0.1001


def test_a_state_that_cannot_turn_is_refused() -> None:
    with pytest.raises(UserError, match="mamba3.d_state: expected a multiple of 4, got 6"):
        Mamba3(d_state=6)
    assert Mamba3(d_state=6, rotary=False).d_state == 6
