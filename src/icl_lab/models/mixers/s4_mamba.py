"""The S4-Mamba block: a Mamba block whose selective scan is replaced by the time-invariant S4D (Park et al. 2024).

It tells what selection buys: nothing else should differ from Mamba. In the released code two more things do, the gate
and dropout; they are options here, and off. `mamba(selective=none)` is time-invariant as well and keeps Mamba's scan:
its decays are real, discretised by Euler's rule, with one B and one C for all channels, where S4D's are complex, held
over a step (zero-order hold), with a C for each channel.

b batch   t num_tokens   m d_model   e expanded width
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from icl_lab import kernels
from icl_lab.core.bounds import Bounds, Count, Fraction
from icl_lab.models.diagonal_ssm import DiagonalSSM, check_d_state
from icl_lab.models.dropout import ChannelDropout
from icl_lab.models.initialisation import linear, uniform
from icl_lab.models.mixers.base import MIXERS, MixerSpec, SequenceMixer, Site, State


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class S4Mamba(MixerSpec):
    """A Mamba block whose selective scan is replaced by S4D, which is the same at every token.

    Args:
        d_state: Real numbers of state a channel; even.
        d_conv: Tokens that the convolution sees, itself included.
        expand: The state space model is this many times wider than the model.
        gate: `"silu"` as in Mamba; `"linear"`, the raw gate, as in the released code.
        dropout: Rate at which channels are dropped before the gate; 0.1 in the released code.
    """

    formula = "W_out (S4D(SiLU(conv(u))) * SiLU(z)),  (u, z) = W_in x"
    source = "Park et al. 2024, section 3; S4D: Gu et al. 2022, arXiv 2206.11893"

    d_state: Count = 16
    d_conv: Annotated[int, Bounds(low=1, high=8)] = 4
    expand: Count = 2
    gate: Literal["silu", "linear"] = "silu"
    dropout: Fraction = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_d_state(self.spec_name(), self.d_state)

    def build(self, site: Site) -> "S4MambaMixer":
        return S4MambaMixer(self, site)


class S4MambaMixer(SequenceMixer):
    """The S4-Mamba block; the step form keeps the S4D state and the last inputs of the convolution."""

    def __init__(self, spec: S4Mamba, site: Site) -> None:
        super().__init__()
        width, generator = spec.expand * site.d_model, site.generator
        self.gate = spec.gate
        self.in_proj = linear(site.d_model, 2 * width, generator, bias="none")
        self.conv_weight = nn.Parameter(uniform((width, spec.d_conv), spec.d_conv**-0.5, generator))
        self.conv_bias = nn.Parameter(uniform((width,), spec.d_conv**-0.5, generator))
        self.ssm = DiagonalSSM(width, spec.d_state, generator)
        self.dropout = ChannelDropout(spec.dropout)
        self.out_proj = linear(width, site.d_model, generator, bias="none", scale=site.depth**-0.5)
        self.size = width * (spec.d_state + spec.d_conv - 1)

    def forward(self, x: Float[Tensor, "b t m"]) -> Float[Tensor, "b t m"]:
        u, z = self.in_proj(x).chunk(2, dim=-1)
        u = kernels.causal_conv1d(u, self.conv_weight, self.conv_bias, silu=True)
        u = self.tapped("values", self.tapped("convolution", u))
        mixed = self.dropout(self.tapped("mixed", self.ssm.remembered(u)) + self.ssm.skip(u))
        return self.out_proj(self.tapped_heads("heads", mixed * self.tapped("gate", self._gate(z)), mixed.shape[-1]))

    @property
    def short_filter(self) -> nn.Parameter | None:
        return self.conv_weight

    def initial_state(self, batch: int) -> State:
        width, d_conv = self.conv_weight.shape
        return {
            "recent": self.conv_weight.new_zeros(batch, d_conv - 1, width),
            "memory": self.ssm.initial_state(batch),
        }

    def step(self, x: Float[Tensor, "b m"], state: State) -> tuple[Float[Tensor, "b m"], State]:
        u, z = self.in_proj(x).chunk(2, dim=-1)
        u, recent = kernels.causal_conv1d_step(state["recent"], u, self.conv_weight, self.conv_bias, silu=True)
        y, memory = self.ssm.step(u, state["memory"])
        return self.out_proj(y * self._gate(z)), {"recent": recent, "memory": memory}

    def state_size(self, length: int) -> int:
        return self.size

    def _gate(self, z: Float[Tensor, "*positions e"]) -> Float[Tensor, "*positions e"]:
        return F.silu(z) if self.gate == "silu" else z
