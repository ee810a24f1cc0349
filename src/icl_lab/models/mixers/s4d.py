"""The stand-alone S4D block: a diagonal, time-invariant state space model, GELU, and a gated linear map.

Source: Gu et al. 2022 (arXiv 2206.11893) and its released minimal model. Both papers say S4 and run this.

b batch   t num_tokens   m d_model
"""

from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.specs import Count, Fraction
from icl_lab.models.diagonal_ssm import DiagonalSSM, check_d_state
from icl_lab.models.dropout import ChannelDropout
from icl_lab.models.initialisation import linear
from icl_lab.models.mixers.base import MIXERS, MixerSpec, SequenceMixer, Site, State


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class S4D(MixerSpec):
    """A diagonal, time-invariant state space in every channel, then a gated linear map.

    Args:
        d_state: Real numbers of state a channel; even. 16 in Park et al., 64 in Grazzi et al.
        dropout: Rate at which channels are dropped, after GELU and at the output. Grazzi et al.'s released models have
            0.1 (their text says none), Park et al.'s none.
    """

    formula = "GLU(W GELU(K * x + D x) + b),  K_l = 2 Re sum_n C_n (exp(dt A_n) - 1) / A_n exp(l dt A_n)"
    source = "Gu et al. 2022, arXiv 2206.11893"

    d_state: Count = 16
    dropout: Fraction = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_d_state(self.spec_name(), self.d_state)

    def build(self, site: Site) -> "S4DMixer":
        return S4DMixer(self, site)


class S4DMixer(SequenceMixer):
    """The S4D block; the step form keeps one complex number a channel and mode."""

    def __init__(self, spec: S4D, site: Site) -> None:
        super().__init__()
        self.ssm = DiagonalSSM(site.d_model, spec.d_state, site.generator)
        self.dropout = ChannelDropout(spec.dropout)
        self.out_proj = linear(site.d_model, 2 * site.d_model, site.generator)
        self.size = site.d_model * spec.d_state

    def forward(self, x: Float[Tensor, "b t m"]) -> Float[Tensor, "b t m"]:
        mixed = self.tapped("mixed", self.ssm(self.tapped("values", x)))
        hidden = self.tapped_heads("heads", self.dropout(F.gelu(mixed)), mixed.shape[-1])
        return self.dropout(F.glu(self.out_proj(hidden), dim=-1))

    def initial_state(self, batch: int) -> State:
        return {"memory": self.ssm.initial_state(batch)}

    def step(self, x: Float[Tensor, "b m"], state: State) -> tuple[Float[Tensor, "b m"], State]:
        y, memory = self.ssm.step(x, state["memory"])
        return F.glu(self.out_proj(F.gelu(y)), dim=-1), {"memory": memory}

    def state_size(self, length: int) -> int:
        return self.size
