"""S4 with its low rank: HiPPO in closed form, the dense recurrence, and the kernel by the paper's Cauchy sums."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.models.low_rank_ssm import LowRankSSM, hippo_legs, normal_plus_low_rank
from icl_lab.models.mixers.base import Site
from icl_lab.models.mixers.s4_dplr import S4DPLR
from tests.unit.models.mixer_oracles import LENGTH, assert_same_outputs_and_gradients, built
from tests.unit.models.toys import assert_same, generator, randn, scramble

CHANNELS, D_STATE = 5, 8


@pytest.fixture
def ssm() -> LowRankSSM:
    module = LowRankSSM(CHANNELS, D_STATE, generator()).double()
    scramble(module)
    return module


def whole(modes: Tensor) -> Tensor:
    """All modes, the conjugate of each beside it."""
    return torch.cat([modes, modes.conj()], dim=-1)


def dense(ssm: LowRankSSM) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The discrete A (e, N, N) and B (e, N), C (e, N), and the continuous A, by the bilinear rule on whole matrices."""
    rates = whole(torch.complex(-ssm.log_decay.exp(), ssm.frequency))
    p, B, C = (whole(torch.view_as_complex(part)) for part in (ssm.p, ssm.B, ssm.C))
    A = torch.diag_embed(rates) - p[..., :, None] * p.conj()[..., None, :]
    dt = ssm.log_dt.exp()[:, None, None]
    one = torch.eye(A.shape[-1], dtype=A.dtype)
    left = one - dt / 2 * A
    return torch.linalg.solve(left, one + dt / 2 * A), torch.linalg.solve(left, (dt * B[..., None]))[..., 0], C, A


def by_recurrence(ssm: LowRankSSM, u: Tensor) -> Tensor:
    A, B, C, _ = dense(ssm)
    state, outputs = torch.zeros(len(u), *B.shape, dtype=B.dtype), []
    for token in u.unbind(1):
        state = (A @ state[..., None])[..., 0] + B * token[..., None]
        outputs.append((C * state).sum(-1).real + ssm.D * token)
    return torch.stack(outputs, dim=1)


def test_hippo_legs_is_its_closed_form() -> None:
    A, B = hippo_legs(6)
    for n in range(6):
        assert B[n] == pytest.approx((2 * n + 1) ** 0.5)
        for k in range(6):
            entry = ((2 * n + 1) * (2 * k + 1)) ** 0.5 if n > k else n + 1 if n == k else 0
            assert A[n, k] == pytest.approx(-entry)


def test_hippo_legs_is_normal_plus_rank_one() -> None:
    A, _ = hippo_legs(16)
    p = np.sqrt(np.arange(16) + 0.5)
    normal = A + np.outer(p, p)
    # Minus one half on the diagonal and antisymmetric beside it: hence normal.
    assert normal + normal.T == pytest.approx(-np.eye(16), abs=1e-12)
    assert normal @ normal.T == pytest.approx(normal.T @ normal, abs=1e-10)  # sums of squares up to 4,000


@pytest.mark.parametrize("d_state", [2, 8, 16])
def test_initial_system_is_hippo_legs_in_another_basis(d_state: int) -> None:
    rates, p, B = normal_plus_low_rank(d_state)
    rates, p, B = (np.concatenate([part, part.conj()]) for part in (rates, p, B))
    A = np.diag(rates) - np.outer(p, p.conj())
    # A is far from normal, so its eigenvalues -1 ... -N lose digits in any basis: 1e-6 of them at N = 16.
    assert np.sort(np.linalg.eigvals(A).real) == pytest.approx(-np.arange(d_state, 0, -1.0), rel=1e-5)
    hippo_A, hippo_B = hippo_legs(d_state)
    hippo_p = np.sqrt(np.arange(d_state) + 0.5)
    one = np.eye(d_state)
    for s in (0.3, 1 + 2j, 40j):
        # A transfer function does not depend on the basis; p and B carry the change of it.
        ours = p.conj() @ np.linalg.solve(s * one - A, B)
        assert ours == pytest.approx(hippo_p @ np.linalg.solve(s * one - hippo_A, hippo_B), rel=1e-9)


def test_basis_does_not_depend_on_what_the_eigensolver_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = normal_plus_low_rank(8)
    solve = np.linalg.eigh

    def turned(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, vectors = solve(matrix)
        return values, vectors * np.exp(1j * np.arange(8))

    monkeypatch.setattr(np.linalg, "eigh", turned)
    for one, other in zip(plain, normal_plus_low_rank(8), strict=True):
        assert one == pytest.approx(other, rel=1e-9)


def test_initial_values() -> None:
    ssm = LowRankSSM(4096, 16, generator())
    rates, p, B = normal_plus_low_rank(16)
    assert ssm.log_decay.exp().allclose(torch.tensor(0.5))
    assert ssm.frequency[-1].allclose(torch.from_numpy(rates.imag).float())
    assert torch.view_as_complex(ssm.p)[7].allclose(torch.from_numpy(p).to(torch.complex64))
    assert torch.view_as_complex(ssm.B)[7].allclose(torch.from_numpy(B).to(torch.complex64))
    # As for S4D: medians and variances of 4,096 channels, with five standard errors.
    assert ssm.log_dt.exp().median().item() == pytest.approx(0.01, rel=0.2)
    assert ssm.C.square().mean().item() == pytest.approx(0.5, rel=0.03)
    assert ssm.D.std().item() == pytest.approx(1.0, rel=0.06)


def test_block_is_the_dense_recurrence_then_gelu_then_glu() -> None:
    ours = built(S4DPLR(d_state=D_STATE))

    def by_hand(x: Tensor) -> Tensor:
        hidden = F.gelu(by_recurrence(ours.ssm, x))
        value, gate = (hidden @ ours.out_proj.weight.T + ours.out_proj.bias).chunk(2, dim=-1)
        return value * gate.sigmoid()

    assert_same_outputs_and_gradients(ours, by_hand)


@pytest.mark.parametrize("length", [1, 2, 3, 63, 64, 65, 129, 300])
def test_convolution_is_the_dense_recurrence(ssm: LowRankSSM, length: int) -> None:
    u = randn(2, length, CHANNELS)
    with torch.no_grad():
        assert_same(ssm(u), by_recurrence(ssm, u), scale=10.0)  # FFTs: errors relative to the largest sum


@pytest.mark.parametrize("length", [1, 2, 37])
def test_kernel_is_the_papers_cauchy_sums_at_the_roots_of_unity(ssm: LowRankSSM, length: int) -> None:
    """Algorithm 1: truncated generating function, Woodbury's identity, inverse FFT."""
    with torch.no_grad():
        A, _, C, _ = dense(ssm)
        rates = whole(torch.complex(-ssm.log_decay.exp(), ssm.frequency))
        p, B = (whole(torch.view_as_complex(part)) for part in (ssm.p, ssm.B))
        truncated = C - (C[:, None] @ torch.linalg.matrix_power(A, length))[:, 0]
        # Roots of unity beside z = -1, where the bilinear map has its pole: a circle that is a little smaller.
        radius = 0.999
        z = radius * torch.exp(-2j * torch.pi * torch.arange(length, dtype=torch.float64) / length)
        truncated = C - radius**length * (C - truncated)
        g = 2 / ssm.log_dt.exp()[:, None] * (1 - z) / (1 + z)

        def cauchy(left: Tensor, right: Tensor) -> Tensor:
            return ((left * right)[:, None] / (g[..., None] - rates[:, None])).sum(-1)

        between = cauchy(truncated, p) * cauchy(p.conj(), B) / (1 + cauchy(p.conj(), p))
        generating = 2 / (1 + z) * (cauchy(truncated, B) - between)
        kernel = torch.fft.ifft(generating).real * radius ** -torch.arange(length, dtype=torch.float64)
        assert_same(ssm.kernel(length), kernel.T)


def test_without_the_low_rank_the_modes_are_independent(ssm: LowRankSSM) -> None:
    with torch.no_grad():
        ssm.p.zero_()
        half = ssm.log_dt.exp()[:, None] / 2 * torch.complex(-ssm.log_decay.exp(), ssm.frequency)
        powers = ((1 + half) / (1 - half))[..., None] ** torch.arange(LENGTH)
        B, C = torch.view_as_complex(ssm.B), torch.view_as_complex(ssm.C)
        weights = C * B * ssm.log_dt.exp()[:, None] / (1 - half)
        assert_same(ssm.kernel(LENGTH), 2 * (weights[..., None] * powers).sum(1).real.T)


def test_stays_stable_wherever_training_takes_it() -> None:
    ssm = LowRankSSM(16, 8, generator()).double()
    with torch.no_grad():
        scramble(ssm)
        for parameter in (ssm.log_decay, ssm.p, ssm.frequency, ssm.log_dt):
            parameter += 3 * randn(*parameter.shape, seed=3)
        A, _, _, _ = dense(ssm)
        # A + A^* is negative definite, so no state grows, and by how much is no matter of eigenvectors.
        assert torch.linalg.matrix_norm(A, ord=2).max() <= 1 + 1e-12
        assert ssm.kernel(4096).isfinite().all()


def test_kernel_keeps_its_digits_in_float32() -> None:
    exact = LowRankSSM(64, 64, generator()).double().kernel(300)
    rounded = LowRankSSM(64, 64, generator()).kernel(300)
    # Nine squarings of a contraction of 64 numbers: each may cost a few units in the last of seven digits.
    error = (rounded - exact).norm(dim=0) / exact.norm(dim=0)
    assert error.max() < 1e-4


def test_convolution_stays_in_float32_under_autocast() -> None:
    ssm, u = LowRankSSM(4, 8, generator()), randn(2, 9, 4).float()
    with torch.autocast("cpu", torch.bfloat16):
        mixed = ssm(u)
    assert torch.equal(mixed, ssm(u))


def test_odd_states_are_refused() -> None:
    with pytest.raises(UserError, match="s4_dplr.d_state: expected an even number"):
        S4DPLR(d_state=7)
    S4DPLR(d_state=2).build(Site(6, 2, generator()))
