"""The stand-alone S4D block: a diagonal, time-invariant state space model, GELU, and a gated linear map.

Source: Gu et al. 2022 (arXiv 2206.11893) and its released minimal model. Both papers say S4 and run this.
"""

from dataclasses import dataclass

from icl_lab.core.bounds import Fraction
from icl_lab.models.diagonal_ssm import DiagonalSSM
from icl_lab.models.mixers.base import MIXERS, Site
from icl_lab.models.s4_block import S4Block, S4Spec


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class S4D(S4Spec):
    """A diagonal, time-invariant state space in every channel, then a gated linear map.

    Args:
        d_state: Real numbers of state a channel; even. 16 in Park et al., 64 in Grazzi et al.
        dropout: Rate at which channels are dropped, after GELU and at the output. Grazzi et al.'s released models have
            0.1 (their text says none), Park et al.'s none.
    """

    formula = "GLU(W GELU(K * x + D x) + b),  K_l = 2 Re sum_n C_n (exp(dt A_n) - 1) / A_n exp(l dt A_n)"
    source = "Gu et al. 2022, arXiv 2206.11893"

    dropout: Fraction = 0.0

    def build(self, site: Site) -> S4Block:
        return S4Block(DiagonalSSM(site.d_model, self.d_state, site.generator), self.d_state, site, self.dropout)
