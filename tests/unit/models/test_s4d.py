"""S4D against its definitions: the recurrence in complex128, and the sum that the convolution is."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.models.diagonal_ssm import DiagonalSSM
from icl_lab.models.long_convolution import LONGEST_PRODUCT, convolve_by_fft, convolve_by_product
from icl_lab.models.mixers.base import Site
from icl_lab.models.mixers.s4_mamba import S4Mamba
from icl_lab.models.mixers.s4d import S4D
from tests.unit.models.mixer_oracles import assert_same_outputs_and_gradients, built
from tests.unit.models.toys import assert_same, generator, randn, scramble

CHANNELS, D_STATE = 5, 8


@pytest.fixture
def ssm() -> DiagonalSSM:
    module = DiagonalSSM(CHANNELS, D_STATE, generator()).double()
    scramble(module)
    return module


def constants(ssm: DiagonalSSM) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """dt (e,), A (e, n), C (e, n), D (e,) as the module means them."""
    dt, pairs, decay, frequency, D = (
        weight.detach().numpy() for weight in (ssm.log_dt, ssm.C, ssm.log_decay, ssm.frequency, ssm.D)
    )
    return np.exp(dt), -np.exp(decay) + 1j * frequency, pairs[..., 0] + 1j * pairs[..., 1], D


@pytest.mark.parametrize("length", [1, 2, 37, LONGEST_PRODUCT, LONGEST_PRODUCT + 1])
def test_equals_the_recurrence(ssm: DiagonalSSM, length: int) -> None:
    u = randn(2, length, CHANNELS)
    dt, A, C, D = constants(ssm)
    discrete_A = np.exp(dt[:, None] * A)
    discrete_B = (discrete_A - 1) / A
    state, outputs = np.zeros((2, *A.shape), dtype=np.complex128), []
    for token in u.numpy().swapaxes(0, 1):
        state = discrete_A * state + discrete_B * token[:, :, None]
        # The conjugate partner of each mode contributes the conjugate: twice the real part.
        outputs.append((C * state + np.conj(C * state)).sum(-1).real + D * token)
    assert_same(ssm(u), torch.from_numpy(np.stack(outputs, axis=1)))


@pytest.mark.parametrize("convolve", [convolve_by_fft, convolve_by_product])
def test_equals_the_sum_that_a_convolution_is(ssm: DiagonalSSM, convolve: Callable[[Tensor, Tensor], Tensor]) -> None:
    u = randn(2, 11, CHANNELS)
    dt, A, C, D = constants(ssm)
    expected = D * u.numpy()
    for t in range(11):
        for s in range(t + 1):
            kernel = 2 * (C * (np.exp(dt[:, None] * A) - 1) / A * np.exp((t - s) * dt[:, None] * A)).sum(-1).real
            expected[:, t] += kernel * u.numpy()[:, s]
    assert_same(convolve(u, ssm.kernel(11)) + ssm.D * u, torch.from_numpy(expected))


def test_both_ways_to_convolve_have_the_same_gradients() -> None:
    gradients = []
    for convolve in (convolve_by_fft, convolve_by_product):
        u, kernel = randn(2, 9, 3).requires_grad_(), randn(9, 3, seed=1).requires_grad_()
        gradients.append(torch.autograd.grad(convolve(u, kernel), (u, kernel), randn(2, 9, 3, seed=2)))
    for by_fft, by_product in zip(*gradients, strict=True):
        assert_same(by_fft, by_product)


def test_later_tokens_reach_earlier_outputs_by_rounding_only() -> None:
    u, kernel = randn(1, 9, 3).requires_grad_(), randn(9, 3, seed=1)
    for convolve, leak in ((convolve_by_fft, 1e-14), (convolve_by_product, 0.0)):
        (influence,) = torch.autograd.grad(convolve(u, kernel)[:, 4].sum(), u)
        assert influence[:, 5:].abs().max() <= leak
        assert influence[:, :5].abs().min() > 1e-3


def test_gradients_are_those_of_finite_differences() -> None:
    ssm = DiagonalSSM(2, 4, generator()).double()
    names, weights = zip(*ssm.named_parameters(), strict=True)

    def run(u: torch.Tensor, *values: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(ssm, dict(zip(names, values, strict=True)), (u,))

    assert torch.autograd.gradcheck(run, (randn(1, 5, 2).requires_grad_(), *weights))


def test_kernel_keeps_its_digits_in_float32() -> None:
    exact = DiagonalSSM(64, 16, generator()).double().kernel(81)
    rounded = DiagonalSSM(64, 16, generator()).kernel(81)
    # Angles of up to 80 * dt * 7 pi cost one of seven digits; the textbook exp(dt A) - 1 costs two at dt = 0.001.
    error = (rounded - exact).norm(dim=0) / exact.norm(dim=0)
    assert error.max() < 3e-6


def test_convolution_stays_in_float32_under_autocast() -> None:
    ssm, u = DiagonalSSM(4, 8, generator()), randn(2, 9, 4).float()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = ssm(u)
    assert torch.equal(mixed, ssm(u))


def test_initial_values_are_s4d_lin() -> None:
    ssm = DiagonalSSM(4096, 16, generator())
    assert ssm.log_decay.exp().allclose(torch.tensor(0.5))
    assert ssm.frequency.allclose(torch.pi * torch.arange(8.0).expand(4096, 8))
    dt = ssm.log_dt.exp()
    assert dt.min() > 0.999e-3
    assert dt.max() < 0.1001
    # Log-uniform: the median is 0.01, with a standard error of 2 / sqrt(4096) * ln(100) / 4, about 4%.
    assert dt.median().item() == pytest.approx(0.01, rel=0.2)
    # 65,536 numbers of variance 1/2 each; 3% is five standard errors.
    assert ssm.C.square().mean().item() == pytest.approx(0.5, rel=0.03)
    assert ssm.D.std().item() == pytest.approx(1.0, rel=0.06)


def test_block_is_gelu_then_glu() -> None:
    block = S4D().build(Site(6, 2, generator())).double()
    x = randn(2, 9, 6)
    value, gate = (F.gelu(block.ssm(x)) @ block.out_proj.weight.T + block.out_proj.bias).split(6, dim=-1)
    assert_same(block(x), value * gate.sigmoid())


def recurrence(ssm: DiagonalSSM, u: Tensor) -> Tensor:
    """s_t = exp(dt A) s_{t-1} + (exp(dt A) - 1) / A u_t, y_t = <C, s_t> + D u_t, over both partners of each pair."""
    A = torch.complex(-ssm.log_decay.exp(), ssm.frequency)
    A, C = torch.cat([A, A.conj()], dim=1), torch.complex(ssm.C[..., 0], ssm.C[..., 1])
    C, keep = torch.cat([C, C.conj()], dim=1), torch.exp(ssm.log_dt.exp()[:, None] * A)
    state, outputs = torch.zeros(len(u), *A.shape, dtype=A.dtype), []
    for token in u.unbind(1):
        state = keep * state + (keep - 1) / A * token[..., None]
        outputs.append((C * state).sum(-1).real + ssm.D * token)
    return torch.stack(outputs, dim=1)


def test_block_has_the_gradients_of_the_recurrence() -> None:
    ours = built(S4D())

    def by_recurrence(x: Tensor) -> Tensor:
        value, gate = ours.out_proj(F.gelu(recurrence(ours.ssm, x))).chunk(2, dim=-1)
        return value * gate.sigmoid()

    assert_same_outputs_and_gradients(ours, by_recurrence)


@pytest.mark.parametrize("gate", ["silu", "linear"])
def test_s4_mamba_has_the_gradients_of_the_recurrence(gate: str) -> None:
    ours = built(S4Mamba(gate=gate))

    def by_recurrence(x: Tensor) -> Tensor:
        u, z = ours.in_proj(x).chunk(2, dim=-1)
        windows = F.pad(u, (0, 0, 3, 0)).unfold(1, 4, 1)
        u = F.silu((windows * ours.conv_weight).sum(-1) + ours.conv_bias)
        return ours.out_proj(recurrence(ours.ssm, u) * (z * z.sigmoid() if gate == "silu" else z))

    assert_same_outputs_and_gradients(ours, by_recurrence)


def test_grazzis_block_has_as_many_parameters_as_theirs() -> None:
    block = S4D(d_state=64, dropout=0.1).build(Site(435, 24, generator()))
    # 436,740 a block, with the 2 x 435 of its layer norm: counted on the authors' module.
    assert sum(weight.numel() for weight in block.parameters()) + 2 * 435 == 436_740


@pytest.mark.parametrize("gate", ["silu", "linear"])
def test_s4_mamba_is_mamba_with_another_scan(gate: str) -> None:
    block = S4Mamba(gate=gate).build(Site(6, 2, generator())).double()
    scramble(block)
    x = randn(2, 9, 6)
    u, z = (x @ block.in_proj.weight.T).split(12, dim=-1)
    u = F.conv1d(F.pad(u.mT, (3, 0)), block.conv_weight.unsqueeze(1), block.conv_bias, groups=12).mT
    gated = block.ssm(u * u.sigmoid()) * (z * z.sigmoid() if gate == "silu" else z)
    assert_same(block(x), gated @ block.out_proj.weight.T)


def test_projection_out_of_s4_mamba_is_scaled_by_depth() -> None:
    bound = S4Mamba().build(Site(64, 16, generator())).out_proj.weight.abs().max().item()
    assert bound == pytest.approx(128**-0.5 / 4, rel=0.01)  # the largest of 8,192 uniform draws


def test_odd_states_are_refused() -> None:
    with pytest.raises(UserError, match="s4d.d_state: expected an even number"):
        S4D(d_state=7)
    with pytest.raises(UserError, match="s4_mamba.d_state: expected an even number"):
        S4Mamba(d_state=7)
