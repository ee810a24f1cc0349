"""S4D: a linear time-invariant state space model with a diagonal state matrix (Gu et al. 2022, arXiv 2206.11893).

    s_t = exp(dt A) s_{t-1} + u_t,   y_t = 2 Re <C (exp(dt A) - 1) / A, s_t> + D u_t      (zero-order hold, B = 1)

As a sequence it is a convolution with a kernel as long as the sequence; token by token it is the recurrence above. The
mixers `s4d`, `s4_mamba` and `h3` share it.

b batch   t num_tokens   e channels   n modes (conjugate pairs, half of d_state)
"""

import math

import torch
from jaxtyping import Complex, Float
from torch import Tensor, nn

from icl_lab.core.errors import UserError
from icl_lab.models.initialisation import log_uniform, normal
from icl_lab.models.long_convolution import convolve


class DiagonalSSM(nn.Module):
    """One S4D system a channel, initialised as S4D-Lin.

    A starts at -1/2 + i pi n, dt log-uniform in [0.001, 0.1], C complex standard normal and D standard normal; all
    of them are trained.

    Args:
        channels: Number of channels.
        d_state: Real numbers of state a channel.
        generator: Draws dt, C and D.
    """

    def __init__(self, channels: int, d_state: int, generator: torch.Generator) -> None:
        super().__init__()
        modes = d_state // 2
        self.log_dt = nn.Parameter(log_uniform((channels,), 1e-3, 1e-1, generator))
        # Real and imaginary part side by side, of variance 1/2 each, so that |C|^2 is 1 on average.
        self.C = nn.Parameter(normal((channels, modes, 2), math.sqrt(0.5), generator))
        self.log_decay = nn.Parameter(torch.full((channels, modes), math.log(0.5)))
        self.frequency = nn.Parameter((math.pi * torch.arange(float(modes))).repeat(channels, 1))
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
        """K_l = 2 Re sum_n C_n (exp(dt A_n) - 1) / A_n exp(l dt A_n), for l = 0 ... num_tokens - 1."""
        exponent, weights = self._discretised()
        lags = torch.arange(num_tokens, dtype=self.D.dtype, device=self.D.device)
        powers = torch.exp(torch.einsum("en,t->ent", exponent, lags.to(exponent.dtype)))
        return 2 * torch.einsum("en,ent->te", weights, powers).real

    def initial_state(self, batch: int) -> Complex[Tensor, "batch e n"]:
        """Zero, for each prompt, channel and mode."""
        check_precision(self.log_decay)
        zeros = self.log_decay.new_zeros(batch, *self.log_decay.shape)
        return torch.complex(zeros, zeros)

    def step(
        self, u: Float[Tensor, "b e"], state: Complex[Tensor, "b e n"]
    ) -> tuple[Float[Tensor, "b e"], Complex[Tensor, "b e n"]]:
        """The step form: the recurrence, one token."""
        exponent, weights = self._discretised()
        state = torch.exp(exponent) * state + u.to(self.D.dtype).unsqueeze(-1)
        y = 2 * torch.einsum("en,ben->be", weights, state).real
        return y.to(u.dtype) + self.skip(u), state

    def _discretised(self) -> tuple[Complex[Tensor, "e n"], Complex[Tensor, "e n"]]:
        """`dt A` and `C (exp(dt A) - 1) / A`."""
        check_precision(self.log_decay)
        A = torch.complex(-self.log_decay.exp(), self.frequency)
        exponent = self.log_dt.exp().unsqueeze(-1) * A
        # expm1 keeps the digits that exp(dt A) - 1 loses for the small dt of the initialisation.
        return exponent, torch.view_as_complex(self.C) * torch.expm1(exponent) / A


def check_precision(weight: Tensor) -> None:
    """Refuse weights in a precision that complex numbers do not have.

    Raises:
        UserError: They are neither float32 nor float64.
    """
    if weight.dtype not in (torch.float32, torch.float64):
        name = str(weight.dtype).removeprefix("torch.")
        raise UserError(
            f"a complex state space needs weights in float32 or float64, got {name}; keep them and compute the rest in "
            "bfloat16 with torch.autocast"
        )


def check_d_state(where: str, d_state: int) -> None:
    """Refuse a state that is not made of conjugate pairs.

    Raises:
        UserError: `d_state` is odd.
    """
    if d_state % 2:
        raise UserError(f"{where}.d_state: expected an even number (conjugate pairs), got {d_state}")
