"""The block around a time-invariant state space: GELU, then a gated linear map. The mixers `s4d` and `s4_dplr` are it.

b batch   t num_tokens   m d_model
"""

from dataclasses import dataclass

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.bounds import Count
from icl_lab.models.diagonal_ssm import DiagonalSSM, check_d_state
from icl_lab.models.dropout import ChannelDropout
from icl_lab.models.initialisation import linear
from icl_lab.models.low_rank_ssm import LowRankSSM
from icl_lab.models.mixers.base import MixerSpec, SequenceMixer, Site, State


@dataclass(frozen=True, kw_only=True)
class S4Spec(MixerSpec):
    """A mixer with a state space in every channel.

    Args:
        d_state: Real numbers of state a channel; even.
    """

    d_state: Count = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        check_d_state(self.spec_name(), self.d_state)


class S4Block(SequenceMixer):
    """The block; the step form keeps one complex number a channel and mode.

    Args:
        ssm: The state spaces, drawn before the weights of the block.
        d_state: Real numbers of state a channel.
        site: Where the block stands.
        dropout: Rate at which channels are dropped, after GELU and at the output.
    """

    def __init__(self, ssm: DiagonalSSM | LowRankSSM, d_state: int, site: Site, dropout: float = 0.0) -> None:
        super().__init__()
        self.ssm = ssm
        self.dropout = ChannelDropout(dropout)
        self.out_proj = linear(site.d_model, 2 * site.d_model, site.generator)
        self.size = site.d_model * d_state

    def forward(self, x: Float[Tensor, "b t m"]) -> Float[Tensor, "b t m"]:
        x = self.tapped("values", x)
        mixed = self.tapped("mixed", self.ssm.remembered(x)) + self.ssm.skip(x)
        hidden = self.tapped_heads("heads", self.dropout(F.gelu(mixed)), mixed.shape[-1])
        return self.dropout(F.glu(self.out_proj(hidden), dim=-1))

    def initial_state(self, batch: int) -> State:
        return {"memory": self.ssm.initial_state(batch)}

    def step(self, x: Float[Tensor, "b m"], state: State) -> tuple[Float[Tensor, "b m"], State]:
        y, memory = self.ssm.step(x, state["memory"])
        return F.glu(self.out_proj(F.gelu(y)), dim=-1), {"memory": memory}

    def state_size(self, length: int) -> int:
        return self.size
