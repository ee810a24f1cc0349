"""Mamba-3: a selective state space of second order with a complex state (Lahoti et al. 2026, arXiv 2603.15569).

    S_t = a_t S_{t-1} + (1 - l_t) dt_t a_t B_{t-1} u_{t-1}^T + l_t dt_t B_t u_t^T,   y_t = S_t^T C_t + D u_t
    a_t = exp(dt_t A_t),   B_t = R_t (norm(W_B x_t) + b_B),   C_t = R_t (norm(W_C x_t) + b_C)

The first line is the trapezoid rule, generalised: l_t = 1/2 makes the discretisation one of second order, l_t = 1 is
Mamba-2's Euler rule. A_t < 0, dt_t and l_t are one number a head and depend on the token; D and the biases b_B and b_C
belong to a head. R_t turns plane j by the sum of dt_s theta_sj over s <= t: so the real state does what a complex one
with the decay exp(dt_t (A_t - i theta_t)) does. There is no convolution: two tokens are written at a step as it is.

This is the SISO form. Equations and details (theta = pi tanh(.), half of the entries turn, the output has no norm) are
those of the authors' released module (state-spaces/mamba, `Mamba3`). Planes are made of two halves here, not of
neighbours, which orders the rows of W_B and W_C in another way and changes nothing else.

b batch   t num_tokens   m d_model   e expanded width   h heads   p width of a head   n d_state   r planes that turn
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad, silu, softplus

from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.kernels.recurrences import linear_recurrence
from icl_lab.models.heads import HeadNorm, join_heads, split_heads, width_of_head
from icl_lab.models.initialisation import inverse_softplus, linear, log_uniform
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State
from icl_lab.models.rotary import turn

SLOWEST = 1e-4  # the smallest -A


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class Mamba3(MixerSpec):
    """A Mamba-3 block: heads of a selective state space that share B and C up to biases; gated, no convolution.

    Args:
        num_heads: Heads; a divisor of the expanded width. The authors' heads are 64 wide, which small models are not.
        d_state: Numbers of state a channel; a multiple of 4, since half of them turn in pairs.
        expand: The state space is this many times wider than the model.
        trapezoid: Whether a step weighs the token before as well; without, the Euler rule of Mamba-2.
        rotary: Whether the state turns as it decays, which makes it complex.
    """

    formula = "W_out ((S_t^T C_t + D u_t) * SiLU(z)),  (z, u, B, C, dt, A, l, theta) = W_in x"
    source = "Lahoti et al. 2026 (arXiv 2603.15569)"

    num_heads: Count = 8
    d_state: Count = 32
    expand: Count = 2
    trapezoid: bool = True
    rotary: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rotary and self.d_state % 4:
            raise UserError(f"mamba3.d_state: expected a multiple of 4, got {self.d_state}")

    def build(self, site: Site) -> "Mamba3Mixer":
        return Mamba3Mixer(self, site)


class Mamba3Mixer(PiecewiseMixer):
    """A Mamba-3 block; the state is S, and of the last token B and u for the trapezoid, the angles for the turning."""

    def __init__(self, spec: Mamba3, site: Site) -> None:
        super().__init__()
        self.spec, generator = spec, site.generator
        self.width = spec.expand * site.d_model
        self.d_head = width_of_head(spec.spec_name(), self.width, spec.num_heads)
        self.planes = spec.d_state // 4 if spec.rotary else 0
        heads = spec.num_heads
        self.splits = (self.width, self.width, spec.d_state, spec.d_state, heads, heads, spec.trapezoid * heads)
        self.in_proj = linear(site.d_model, sum(self.splits) + self.planes, generator, bias="none")
        dt = log_uniform((heads,), 1e-3, 1e-1, generator).exp()
        self.dt_bias = nn.Parameter(inverse_softplus(dt))
        self.B_norm, self.C_norm = HeadNorm(spec.d_state), HeadNorm(spec.d_state)
        self.B_bias, self.C_bias = (nn.Parameter(torch.ones(heads, 1, spec.d_state)) for _ in range(2))
        self.D = nn.Parameter(torch.ones(heads))
        self.out_proj = linear(self.width, site.d_model, generator, bias="none", scale=site.depth**-0.5)

    def initial_state(self, batch: int) -> State:
        rows = (batch, self.spec.num_heads)
        state = {"memory": self.D.new_zeros(*rows, self.spec.d_state, self.d_head)}
        if self.spec.trapezoid:
            state |= {"B": self.D.new_zeros(*rows, self.spec.d_state), "u": self.D.new_zeros(*rows, self.d_head)}
        return state | ({"angles": self.D.new_zeros(*rows, self.planes)} if self.spec.rotary else {})

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        z, u, B, C, step, rate, blend, theta = self.in_proj(x).split([*self.splits, self.planes], dim=-1)
        dt = self.tapped("dt", softplus(step + self.dt_bias).mT)
        log_decay = self.tapped_decay(-softplus(rate).clamp(min=SLOWEST).mT * dt)
        u = self.tapped("values", split_heads(u, self.spec.num_heads))
        B, C = self.tapped("keys", self.B_norm(B))[:, None], self.tapped("queries", self.C_norm(C))[:, None]
        biased = B + self.B_bias, C + self.C_bias
        after: State = {}
        if self.spec.rotary:
            angles, after["angles"] = accumulated(dt[..., None] * math.pi * theta.tanh()[:, None], state["angles"])
            biased = turn(*biased, angles)
        memory, weight, unread = state["memory"], dt, None
        if self.spec.trapezoid:
            # What the next step adds of a token is written at once, so that one recurrence does, and is not read yet:
            # with g_t = (1 - l_t) dt_t, the sum P_t = S_t + g_{t+1} B_t u_t^T decays as a whole, P_t = a_t P_{t-1} +
            # (l_t dt_t + g_{t+1}) B_t u_t^T. After the last token there is no next one, and P is S.
            now = blend.sigmoid().mT * dt
            before = dt - now
            ahead = pad(before[:, :, 1:], (0, 1))
            memory = memory + before[:, :, :1, None] * state["B"][..., None] * state["u"][..., None, :]
            weight, unread = now + ahead, ahead * self._products(B, C)
            after |= {"B": biased[0][:, :, -1].to(state["B"]), "u": u[:, :, -1].to(state["u"])}
        y, after["memory"] = linear_recurrence(
            biased[1], biased[0], weight[..., None] * u, log_decay, initial_state=memory, return_state=True
        )
        y = y if unread is None else y - unread[..., None] * u
        y = join_heads(self.tapped("mixed", y) + self.D[:, None, None] * u)
        heads = self.tapped_heads("heads", y * self.tapped("gate", silu(z)), self.spec.num_heads)
        return self.out_proj(heads), after

    def state_size(self, length: int) -> int:
        last = self.spec.trapezoid * (self.spec.d_state + self.d_head)
        return self.spec.num_heads * (self.spec.d_state * self.d_head + last + self.planes)

    def _products(self, B: Float[Tensor, "b 1 t n"], C: Float[Tensor, "b 1 t n"]) -> Float[Tensor, "b h t"]:
        """B_t.C_t for each head, which turning leaves as it is, without the vectors of each head."""
        b, c = self.B_bias[:, 0], self.C_bias[:, 0]
        # One product for all heads: with the heads in front, PyTorch would first copy B and C for each of them.
        return (B * C).sum(-1) + (B[:, 0] @ c.mT + C[:, 0] @ b.mT).mT + (b * c).sum(-1, keepdim=True)


def accumulated(
    angles: Float[Tensor, "b h t r"], before: Float[Tensor, "b h r"]
) -> tuple[Float[Tensor, "b h t r"], Float[Tensor, "b h r"]]:
    """Running sums of angles, and the last of them; without whole turns, which long prompts have many of.

    Args:
        angles: By how much each token turns.
        before: The sum before the first token.
    """
    # Sums of thousands of angles lose the digits that matter in float32.
    total = (before.double()[:, :, None] + angles.double().cumsum(2)).remainder(2 * math.pi)
    return total.to(angles.dtype), total[:, :, -1].to(before.dtype)
