"""S4 as first published: a state matrix that is diagonal plus low-rank and starts as HiPPO-LegS (Gu et al. 2022).

The mixer `s4d`, which papers on in-context learning call S4, drops the low-rank part; the preset `s4` stacks that one.
"""

from dataclasses import dataclass

from icl_lab.models.low_rank_ssm import LowRankSSM
from icl_lab.models.mixers.base import MIXERS, Site
from icl_lab.models.s4_block import S4Block, S4Spec


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class S4DPLR(S4Spec):
    """A time-invariant state space with the HiPPO matrix in every channel, then a gated linear map.

    Args:
        d_state: Real numbers of state a channel; even. 64 in the paper, 16 as in `s4d` here.
    """

    formula = "GLU(W GELU(K * x + D x) + b),  K_l = 2 Re C A^l B,  A bilinear of diag(lambda) - p p^*"
    source = "Gu et al. 2022 (arXiv 2111.00396), theorem 1 and algorithm 1; p = q: Goel et al. 2022 (arXiv 2202.09729)"

    def build(self, site: Site) -> S4Block:
        return S4Block(LowRankSSM(site.d_model, self.d_state, site.generator), self.d_state, site)
