"""Mamba-2: a selective state space with one decay a head, as a recurrence of matrices (Dao & Gu 2024, section 7.1).

    S_t = exp(dt_t A) S_{t-1} + B_t (dt_t u_t)^T,   y_t = S_t^T C_t + D u_t      A, D and dt one number a head

b batch   t num_tokens   m d_model   e expanded width   h heads   p width of a head   n d_state (N in the paper)
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import silu, softplus

from icl_lab import kernels
from icl_lab.core.bounds import Bounds, Count
from icl_lab.kernels.recurrences import linear_recurrence
from icl_lab.models.heads import HeadNorm, join_heads, split_heads, width_of_head
from icl_lab.models.initialisation import inverse_softplus, linear, log_uniform, uniform
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class Mamba2(MixerSpec):
    """A Mamba-2 block: heads of a selective state space that share B and C; the gate comes before a norm.

    Args:
        num_heads: Heads; a divisor of the expanded width. The authors' heads are 64 wide, which small models are not.
        d_state: Numbers of state a channel.
        d_conv: Tokens that the convolution of u, B and C sees, the token's own included.
        expand: The state space is this many times wider than the model.
    """

    formula = "W_out norm(ssd(SiLU(conv(u, B, C)), dt) * SiLU(z)),  (z, u, B, C, dt) = W_in x"
    source = "Dao & Gu 2024 (arXiv 2405.21060), section 7.1"

    num_heads: Count = 8
    d_state: Count = 32
    d_conv: Annotated[int, Bounds(low=1, high=8)] = 4
    expand: Count = 2

    def build(self, site: Site) -> "Mamba2Mixer":
        return Mamba2Mixer(self, site)


class Mamba2Mixer(PiecewiseMixer):
    """A Mamba-2 block; the state is a matrix a head and the last inputs of the convolution."""

    def __init__(self, spec: Mamba2, site: Site) -> None:
        super().__init__()
        self.spec, generator = spec, site.generator
        self.width = spec.expand * site.d_model
        self.d_head = width_of_head(spec.spec_name(), self.width, spec.num_heads)
        self.splits = (self.width, self.width + 2 * spec.d_state, spec.num_heads)
        self.in_proj = linear(site.d_model, sum(self.splits), generator, bias="none")
        channels = self.splits[1]
        self.conv_weight = nn.Parameter(uniform((channels, spec.d_conv), spec.d_conv**-0.5, generator))
        self.conv_bias = nn.Parameter(uniform((channels,), spec.d_conv**-0.5, generator))
        dt = log_uniform((spec.num_heads,), 1e-3, 1e-1, generator).exp()
        self.dt_bias = nn.Parameter(inverse_softplus(dt))
        self.A_log = nn.Parameter(torch.empty(spec.num_heads).uniform_(1.0, 16.0, generator=generator).log())
        self.D = nn.Parameter(torch.ones(spec.num_heads))
        self.norm = HeadNorm(self.width)
        self.out_proj = linear(self.width, site.d_model, generator, bias="none", scale=site.depth**-0.5)

    @property
    def short_filter(self) -> nn.Parameter | None:
        return self.conv_weight

    def initial_state(self, batch: int) -> State:
        channels, width = self.conv_weight.shape
        memory = self.A_log.new_zeros(batch, self.spec.num_heads, self.spec.d_state, self.d_head)
        return {"recent": self.A_log.new_zeros(batch, width - 1, channels), "memory": memory}

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        z, inputs, step = self.in_proj(x).split(self.splits, dim=-1)
        inputs, recent = kernels.causal_conv1d(
            inputs, self.conv_weight, self.conv_bias, silu=True, initial_state=state["recent"], return_state=True
        )
        inputs = self.tapped("convolution", inputs)
        u, B, C = torch.split(inputs, [self.width, self.spec.d_state, self.spec.d_state], dim=-1)
        B, C = self.tapped("keys", B), self.tapped("queries", C)
        dt = self.tapped("dt", softplus(step + self.dt_bias).mT)
        u = self.tapped("values", split_heads(u, self.spec.num_heads))
        shared = (-1, self.spec.num_heads, -1, -1)
        y, memory = linear_recurrence(
            C[:, None].expand(shared),
            B[:, None].expand(shared),
            dt[..., None] * u,
            self.tapped_decay(-self.A_log.exp()[:, None] * dt),
            initial_state=state["memory"],
            return_state=True,
        )
        y = join_heads(self.tapped("mixed", y) + self.D[:, None, None] * u)
        heads = self.tapped_heads("heads", self.norm(y * self.tapped("gate", silu(z))), self.spec.num_heads)
        return self.out_proj(heads), {"recent": recent, "memory": memory}

    def state_size(self, length: int) -> int:
        channels, width = self.conv_weight.shape
        return self.spec.d_state * self.width + channels * (width - 1)
