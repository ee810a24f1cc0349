"""A state space whose matrix is diagonal plus low-rank and starts as HiPPO-LegS (Gu et al. 2022, arXiv 2111.00396).

    s' = A s + B u,   y = 2 Re <C, s> + D u,   A = diag(lambda) - p p^*            theorem 1; q = p as in Goel et al.
    s_t = (1 - dt/2 A)^-1 ((1 + dt/2 A) s_{t-1} + dt B u_t)                        bilinear rule, equation 3

The paper gets the convolution's kernel C A^l B from a Cauchy sum at the roots of unity, for prompts of one length. Here
it comes from A, A^2, A^4, ..., the same numbers up to rounding, for any length; short prompts make that cheap.

b batch   t num_tokens   e channels   n modes (conjugate pairs, half of d_state)   r real coordinates (d_state)
"""

import math

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Complex, Complex128, Float, Float64
from torch import Tensor, nn

from icl_lab.models.diagonal_ssm import check_precision
from icl_lab.models.initialisation import log_uniform, normal
from icl_lab.models.long_convolution import convolve


class LowRankSSM(nn.Module):
    """One diagonal plus low-rank system a channel.

    lambda, p and B start as HiPPO-LegS, dt log-uniform in [0.001, 0.1], C complex standard normal and D standard
    normal; all of them are trained. Decay rates are exponentials and p p^* is subtracted, whatever the weights are, so
    that no training makes the system unstable (Goel et al. 2022).
    """

    def __init__(self, channels: int, d_state: int, generator: torch.Generator) -> None:
        super().__init__()
        rates, p, B = normal_plus_low_rank(d_state)
        self.log_dt = nn.Parameter(log_uniform((channels,), 1e-3, 1e-1, generator))
        self.log_decay = nn.Parameter(copies(np.log(-rates.real), channels))
        self.frequency = nn.Parameter(copies(rates.imag, channels))
        # Complex numbers are kept with their real and imaginary part side by side.
        self.p = nn.Parameter(copies(np.stack([p.real, p.imag], axis=-1), channels))
        self.B = nn.Parameter(copies(np.stack([B.real, B.imag], axis=-1), channels))
        self.C = nn.Parameter(normal((channels, d_state // 2, 2), math.sqrt(0.5), generator))
        self.D = nn.Parameter(normal((channels,), 1.0, generator))

    def forward(self, u: Float[Tensor, "b t e"]) -> Float[Tensor, "b t e"]:
        """The sequence form: convolution with the kernel, and the skip."""
        return self.remembered(u) + self.skip(u)

    def remembered(self, u: Float[Tensor, "b t e"]) -> Float[Tensor, "b t e"]:
        """What comes from the states alone, without the skip."""
        with torch.autocast(u.device.type, enabled=False):
            kernel = self.kernel(u.shape[1])
        return convolve(u, kernel)

    def skip(self, u: Float[Tensor, "*positions e"]) -> Float[Tensor, "*positions e"]:
        """D u, which no state is in."""
        return self.D.to(u.dtype) * u

    def kernel(self, num_tokens: int) -> Float[Tensor, "t e"]:
        """K_l = 2 Re C A^l B with the discrete A and B, for l = 0 ... num_tokens - 1."""
        check_precision(self.log_decay)
        modes = self.B.shape[1]
        unit_states = torch.eye(2 * modes, dtype=self.B.dtype, device=self.B.device)
        unit_states = torch.view_as_complex(rearrange(unit_states, "r (n pair) -> r 1 n pair", pair=2))
        nothing = torch.zeros_like(self.D)
        # A is linear in real and imaginary parts, not in complex numbers: the other half of each pair hides in it.
        power = torch.view_as_real(self._advance(unit_states, nothing)).flatten(-2).permute(1, 2, 0)
        impulse = self._advance(torch.zeros_like(unit_states[0]), torch.ones_like(self.D))
        states = torch.view_as_real(impulse).flatten(-2).unsqueeze(-1)
        while states.shape[-1] < num_tokens:
            states = torch.cat([states, power @ states[..., : num_tokens - states.shape[-1]]], dim=-1)
            if states.shape[-1] < num_tokens:
                power = power @ power
        weights = (self.C * self.C.new_tensor([1.0, -1.0])).flatten(-2)
        return 2 * torch.einsum("er,ert->te", weights, states)

    def initial_state(self, batch: int) -> Complex[Tensor, "batch e n"]:
        """Zero, for each prompt, channel and mode."""
        check_precision(self.log_decay)
        zeros = self.log_decay.new_zeros(batch, *self.log_decay.shape)
        return torch.complex(zeros, zeros)

    def step(
        self, u: Float[Tensor, "b e"], state: Complex[Tensor, "b e n"]
    ) -> tuple[Float[Tensor, "b e"], Complex[Tensor, "b e n"]]:
        """The step form: the recurrence, one token, in time proportional to the state."""
        state = self._advance(state, u.to(self.D.dtype))
        y = 2 * torch.einsum("en,ben->be", torch.view_as_complex(self.C), state).real
        return y.to(u.dtype) + self.skip(u), state

    def _advance(self, state: Complex[Tensor, "*b #e n"], u: Float[Tensor, "*#b e"]) -> Complex[Tensor, "*b e n"]:
        """The state one token later. The inverse is of a diagonal matrix plus one of rank one (Woodbury)."""
        dt = self.log_dt.exp().unsqueeze(-1)
        rates = torch.complex(-self.log_decay.exp(), self.frequency)
        p, B = torch.view_as_complex(self.p), torch.view_as_complex(self.B)
        diagonal = 1 / (1 - dt / 2 * rates)
        # A conjugate pair of modes adds twice the real part to p^* s.
        right = state + dt * (rates / 2 * state - p * inner(p, state) + B * u.unsqueeze(-1))
        solved = diagonal * right
        return solved - dt * diagonal * p * (inner(p, solved) / (1 + dt * inner(p, diagonal * p)))


def inner(p: Complex[Tensor, "e n"], state: Complex[Tensor, "*b #e n"]) -> Float[Tensor, "*b e 1"]:
    """Re p^* s, half of what p^* s is with the conjugate modes."""
    return (p.conj() * state).real.sum(-1, keepdim=True)


def hippo_legs(d_state: int) -> tuple[Float64[np.ndarray, "r r"], Float64[np.ndarray, " r"]]:
    """A and B of HiPPO-LegS, a state of Legendre coefficients of the past (Gu et al. 2022, equation 2).

    >>> hippo_legs(2)[0].round(2)
    array([[-1.  , -0.  ],
           [-1.73, -2.  ]])
    """
    n = np.arange(d_state)
    B = np.sqrt(2 * n + 1.0)
    return -np.tril(np.outer(B, B), -1) - np.diag(n + 1.0), B


def normal_plus_low_rank(
    d_state: int,
) -> tuple[Complex128[np.ndarray, " n"], Complex128[np.ndarray, " n"], Complex128[np.ndarray, " n"]]:
    """lambda, p and B of HiPPO-LegS in the basis where A + p p^* is diagonal; one of each conjugate pair of modes."""
    A, B = hippo_legs(d_state)
    p = np.sqrt(np.arange(d_state) + 0.5)
    # What is left without -1/2 on the diagonal is antisymmetric; -i times that is Hermitian, with real eigenvalues.
    frequency, basis = np.linalg.eigh(-1j * (A + np.outer(p, p) + 0.5 * np.eye(d_state)))
    frequency, basis = frequency[d_state // 2 :], basis[:, d_state // 2 :]
    p = basis.conj().T @ p
    # Eigenvectors have no phase of their own: theirs is chosen so that p is real, whatever the library returned.
    turn = np.abs(p) / p
    return -0.5 + 1j * frequency, p * turn, (basis.conj().T @ B) * turn


def copies(values: Float64[np.ndarray, "..."], channels: int) -> Float[Tensor, "e ..."]:
    """The same numbers for every channel."""
    return torch.tensor(values, dtype=torch.float32).expand(channels, *values.shape).clone()
