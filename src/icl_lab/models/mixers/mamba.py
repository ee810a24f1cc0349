"""The Mamba block: a gated, selective state space model (Gu & Dao 2023, arXiv 2312.00752, section 3, algorithm 2).

    s_t = exp(dt_t A) s_{t-1} + dt_t B_t u_t,   y_t = <C_t, s_t> + D u_t      where dt, B and C depend on the token

Its parts can be left out one by one: the gate, the convolution, and that dt, B and C depend on the token.

b batch   t num_tokens   m d_model   e expanded width   k d_conv   r dt_rank   n d_state (N in the paper)
"""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import silu, softplus

from icl_lab import kernels
from icl_lab.core.bounds import Bounds, Count, Positive
from icl_lab.core.errors import UserError
from icl_lab.kernels.recurrences import elementwise_recurrence
from icl_lab.models.initialisation import inverse_softplus, linear, log_uniform, normal, uniform
from icl_lab.models.mixers.base import MIXERS, MixerSpec, SequenceMixer, Site, State


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class Mamba(MixerSpec):
    """A gated, selective state space block; the defaults are its authors', which both papers use.

    Args:
        d_state: Numbers of state a channel.
        d_conv: Tokens that the convolution before the scan sees, itself included; 0 leaves out the convolution and the
            SiLU after it, so that the scan reads `W_in x`.
        expand: The scan is this many times wider than the model.
        dt_rank: Width through which dt is computed; a sixteenth of `d_model`, rounded up, by default.
        dt_low: Smallest initial dt.
        dt_high: Largest initial dt; drawn log-uniformly in between.
        gate: Whether the output of the scan is multiplied by SiLU(z).
        selective: What depends on the token: dt, B and C (`"all"`), or only some of them (table 7 there); the others
            are learned constants. dt is then one number a channel, B and C are one vector for all channels. With
            `"none"` the scan is a convolution, with a kernel of real decays; `s4_mamba` has S4D there, whose decays are
            complex and which has a C for each channel.
    """

    formula = "W_out (scan(SiLU(conv(u))) * SiLU(z)),  (u, z) = W_in x"
    source = "Gu & Dao 2023, section 3"

    d_state: Count = 16
    d_conv: Annotated[int, Bounds(low=0, high=8)] = 4
    expand: Count = 2
    dt_rank: Count | None = None
    dt_low: Positive = 1e-3
    dt_high: Positive = 1e-1
    gate: bool = True
    selective: Literal["all", "B_C", "dt", "none"] = "all"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dt_low > self.dt_high:
            raise UserError(f"mamba.dt_low: expected at most dt_high={self.dt_high:g}, got {self.dt_low:g}")

    @property
    def whole(self) -> bool:
        """Whether nothing is left out."""
        return self.gate and self.selective == "all" and self.d_conv > 0

    def build(self, site: Site) -> "MambaMixer":
        return MambaMixer(self, site)


class MambaMixer(SequenceMixer):
    """A Mamba block; the step form keeps the scan's state and the last inputs of the convolution."""

    def __init__(self, spec: Mamba, site: Site) -> None:
        super().__init__()
        self.spec, generator = spec, site.generator
        self.width = width = spec.expand * site.d_model
        rank = (spec.dt_rank or math.ceil(site.d_model / 16)) if spec.selective in ("all", "dt") else 0
        inner = spec.d_state if spec.selective in ("all", "B_C") else 0
        self.splits = (rank, inner, inner)
        self.in_proj = linear(site.d_model, (1 + spec.gate) * width, generator, bias="none")
        if spec.d_conv:
            # Depthwise: each channel's fan-in is the d_conv numbers it sees.
            self.conv_weight = nn.Parameter(uniform((width, spec.d_conv), spec.d_conv**-0.5, generator))
            self.conv_bias = nn.Parameter(uniform((width,), spec.d_conv**-0.5, generator))
        if rank or inner:
            self.x_proj = linear(width, sum(self.splits), generator, bias="none")
        if rank:
            self.dt_proj = nn.Parameter(uniform((width, rank), rank**-0.5, generator))
        if not inner:
            # As S4D starts: B is one and C standard normal.
            self.B = nn.Parameter(torch.ones(spec.d_state))
            self.C = nn.Parameter(normal((spec.d_state,), 1.0, generator))
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
        if not self.spec.whole or self.taps.keys() - {"heads"}:
            y, _ = self.extend(x, self.initial_state(len(x)))
            return y
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
        return self.out_proj(self.tapped_heads("heads", y, self.width))

    @property
    def short_filter(self) -> nn.Parameter | None:
        return self.conv_weight if self.spec.d_conv else None

    def initial_state(self, batch: int) -> State:
        memory = {"memory": self.A_log.new_zeros(batch, self.width, self.spec.d_state)}
        if not self.spec.d_conv:
            return memory
        return {"recent": self.A_log.new_zeros(batch, self.spec.d_conv - 1, self.width)} | memory

    def step(self, x: Float[Tensor, "b m"], state: State) -> tuple[Float[Tensor, "b m"], State]:
        u, z = self._inputs(x)
        after: State = {}
        if self.spec.d_conv:
            u, after["recent"] = kernels.causal_conv1d_step(
                state["recent"], u, self.conv_weight, self.conv_bias, silu=True
            )
        dt, B, C = self._selected(u)
        y, after["memory"] = kernels.selective_scan_step(
            state["memory"], u, dt, self.A, B, C, D=self.D, z=z, dt_bias=self.dt_bias, softplus=True
        )
        return self.out_proj(y), after

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        u, z = self._inputs(x)
        after: State = {}
        if self.spec.d_conv:
            u, after["recent"] = kernels.causal_conv1d(
                u, self.conv_weight, self.conv_bias, silu=True, initial_state=state["recent"], return_state=True
            )
            u = self.tapped("convolution", u)
        dt, B, C = self._selected(u)
        scan = self._tapped_scan if self.taps.keys() - {"heads", "convolution"} else self._scan
        y, after["memory"] = scan(u, dt, B, C, z, state["memory"])
        return self.out_proj(self.tapped_heads("heads", y, self.width)), after

    def state_size(self, length: int) -> int:
        return self.width * (self.spec.d_state + max(0, self.spec.d_conv - 1))

    def _scan(
        self,
        u: Float[Tensor, "b t e"],
        dt: Float[Tensor, "b t e"],
        B: Float[Tensor, "b t n"],
        C: Float[Tensor, "b t n"],
        z: Float[Tensor, "b t e"] | None,
        memory: Float[Tensor, "b e n"],
    ) -> tuple[Float[Tensor, "b t e"], Float[Tensor, "b e n"]]:
        """What is read, gated, and the state after the last token."""
        return kernels.selective_scan(
            u,
            dt,
            self.A,
            B,
            C,
            D=self.D,
            z=z,
            dt_bias=self.dt_bias,
            softplus=True,
            initial_state=memory,
            return_state=True,
        )

    def _tapped_scan(
        self,
        u: Float[Tensor, "b t e"],
        dt: Float[Tensor, "b t e"],
        B: Float[Tensor, "b t n"],
        C: Float[Tensor, "b t n"],
        z: Float[Tensor, "b t e"] | None,
        memory: Float[Tensor, "b e n"],
    ) -> tuple[Float[Tensor, "b t e"], Float[Tensor, "b e n"]]:
        """The same as one recurrence for each number of the state, with everything in between by its name."""
        u, B, C = self.tapped("values", u), self.tapped("keys", B), self.tapped("queries", C)
        dt = self.tapped("dt", softplus(dt + self.dt_bias))
        decay = self.tapped("decay", (dt[..., None] * self.A).exp())
        written = (dt * u)[..., None] * B[:, :, None]
        states = elementwise_recurrence(decay, written, memory)
        y = self.tapped("mixed", (states @ C[..., None])[..., 0]) + self.D * u
        return y if z is None else y * self.tapped("gate", silu(z)), states[:, -1]

    def _inputs(
        self, x: Float[Tensor, "*positions m"]
    ) -> tuple[Float[Tensor, "*positions e"], Float[Tensor, "*positions e"] | None]:
        """What is convolved and scanned, and the gate."""
        inputs = self.in_proj(x)
        return inputs.chunk(2, dim=-1) if self.spec.gate else (inputs, None)

    def _selected(
        self, u: Float[Tensor, "*positions e"]
    ) -> tuple[Float[Tensor, "*positions e"], Float[Tensor, "*positions n"], Float[Tensor, "*positions n"]]:
        """Steps dt before their bias, B and C of each token; what does not depend on the token is repeated."""
        rank, inner, _ = self.splits
        low, B, C = self.x_proj(u).split(self.splits, dim=-1) if rank or inner else (u, u, u)
        if not inner:
            B, C = (constant.to(u.dtype).expand(*u.shape[:-1], -1) for constant in (self.B, self.C))
        return low @ self.dt_proj.T if rank else torch.zeros_like(u), B, C
