"""The Mamba block: a gated, selective state space model (Gu & Dao 2023, arXiv 2312.00752, section 3, algorithm 2).

    s_t = exp(dt_t A) s_{t-1} + dt_t B_t u_t,   y_t = <C_t, s_t> + D u_t      where dt, B and C depend on the token

b batch   t num_tokens   m d_model   e expanded width   k d_conv   r dt_rank   n d_state (N in the paper)
"""

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from jaxtyping import Float
from torch import Tensor, nn

from icl_lab import kernels
from icl_lab.core.errors import UserError
from icl_lab.core.specs import Bounds, Count, Positive
from icl_lab.models.initialisation import inverse_softplus, linear, log_uniform, uniform
from icl_lab.models.mixers.base import MIXERS, MixerSpec, SequenceMixer, Site, State


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class Mamba(MixerSpec):
    """A gated, selective state space block; the defaults are its authors', which both papers use.

    Args:
        d_state: Numbers of state a channel.
        d_conv: Tokens that the convolution before the scan sees, itself included.
        expand: The scan is this many times wider than the model.
        dt_rank: Width through which dt is computed; a sixteenth of `d_model`, rounded up, by default.
        dt_low: Smallest initial dt.
        dt_high: Largest initial dt; drawn log-uniformly in between.
    """

    formula = "W_out (scan(SiLU(conv(u))) * SiLU(z)),  (u, z) = W_in x"
    source = "Gu & Dao 2023, section 3"

    d_state: Count = 16
    d_conv: Annotated[int, Bounds(low=1, high=8)] = 4
    expand: Count = 2
    dt_rank: Count | None = None
    dt_low: Positive = 1e-3
    dt_high: Positive = 1e-1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dt_low > self.dt_high:
            raise UserError(f"mamba.dt_low: expected at most dt_high={self.dt_high:g}, got {self.dt_low:g}")

    def build(self, site: Site) -> "MambaMixer":
        return MambaMixer(self, site)


class MambaMixer(SequenceMixer):
    """A Mamba block; the step form keeps the scan's state and the last inputs of the convolution."""

    def __init__(self, spec: Mamba, site: Site) -> None:
        super().__init__()
        width, generator = spec.expand * site.d_model, site.generator
        rank = spec.dt_rank or math.ceil(site.d_model / 16)
        self.splits = (rank, spec.d_state, spec.d_state)
        self.in_proj = linear(site.d_model, 2 * width, generator, bias="none")
        # Depthwise: each channel's fan-in is the d_conv numbers it sees.
        self.conv_weight = nn.Parameter(uniform((width, spec.d_conv), spec.d_conv**-0.5, generator))
        self.conv_bias = nn.Parameter(uniform((width,), spec.d_conv**-0.5, generator))
        self.x_proj = linear(width, sum(self.splits), generator, bias="none")
        self.dt_proj = nn.Parameter(uniform((width, rank), rank**-0.5, generator))
        dt = log_uniform((width,), spec.dt_low, spec.dt_high, generator).exp()
        self.dt_bias = nn.Parameter(inverse_softplus(dt))
        # S4D-Real: A = -1, -2, ..., -d_state in every channel.
        self.A_log = nn.Parameter(torch.arange(1.0, spec.d_state + 1).log().repeat(width, 1))
        self.D = nn.Parameter(torch.ones(width))
        self.out_proj = linear(width, site.d_model, generator, bias="none", scale=site.depth**-0.5)

    @property
    def A(self) -> Float[Tensor, "e n"]:
        """The state matrix, diagonal and negative."""
        return -self.A_log.exp()

    def forward(self, x: Float[Tensor, "b t m"]) -> Float[Tensor, "b t m"]:
        y = kernels.mamba_inner(
            self.in_proj(x),
            self.conv_weight,
            self.conv_bias,
            self.x_proj.weight,
            self.dt_proj,
            self.dt_bias,
            self.A,
            self.D,
        )
        return self.out_proj(y)

    def initial_state(self, batch: int) -> State:
        width, d_state = self.A_log.shape
        tokens = self.conv_weight.shape[1] - 1
        return {
            "recent": self.A_log.new_zeros(batch, tokens, width),
            "memory": self.A_log.new_zeros(batch, width, d_state),
        }

    def step(self, x: Float[Tensor, "b m"], state: State) -> tuple[Float[Tensor, "b m"], State]:
        u, z = self.in_proj(x).chunk(2, dim=-1)
        u, recent = kernels.causal_conv1d_step(state["recent"], u, self.conv_weight, self.conv_bias, silu=True)
        dt, B, C = self.x_proj(u).split(self.splits, dim=-1)
        y, memory = kernels.selective_scan_step(
            state["memory"],
            u,
            dt @ self.dt_proj.T,
            self.A,
            B,
            C,
            D=self.D,
            z=z,
            dt_bias=self.dt_bias,
            softplus=True,
        )
        return self.out_proj(y), {"recent": recent, "memory": memory}

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        u, z = self.in_proj(x).chunk(2, dim=-1)
        u, recent = kernels.causal_conv1d(
            u, self.conv_weight, self.conv_bias, silu=True, initial_state=state["recent"], return_state=True
        )
        dt, B, C = self.x_proj(u).split(self.splits, dim=-1)
        y, memory = kernels.selective_scan(
            u,
            dt @ self.dt_proj.T,
            self.A,
            B,
            C,
            D=self.D,
            z=z,
            dt_bias=self.dt_bias,
            softplus=True,
            initial_state=state["memory"],
            return_state=True,
        )
        return self.out_proj(y), {"recent": recent, "memory": memory}

    def state_size(self, length: int) -> int:
        return self.A_log.numel() + self.conv_bias.numel() * (self.conv_weight.shape[1] - 1)
