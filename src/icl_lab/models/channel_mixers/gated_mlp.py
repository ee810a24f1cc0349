"""The gated feed-forward network SwiGLU: a SiLU branch times a linear one, then narrow (Shazeer 2020)."""

import math
from dataclasses import dataclass
from typing import Literal

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.bounds import Count
from icl_lab.models.channel_mixers.base import CHANNEL_MIXERS, ChannelMixer, ChannelMixerSpec
from icl_lab.models.initialisation import linear
from icl_lab.models.mixers.base import Site


@CHANNEL_MIXERS.register
@dataclass(frozen=True, kw_only=True)
class GatedMLP(ChannelMixerSpec):
    """A feed-forward network with a SiLU gate (SwiGLU); its maps have no bias.

    Args:
        d_hidden: Width of the two branches; by default 8/3 of `d_model`, rounded up to a multiple of 8, so that it has
            as many weights as an MLP four times as wide as the model (Shazeer 2020, section 2).
        init: `"torch"`, torch's default; `"gpt2"`: N(0, 0.02^2), the output divided by the square root of the depth.
    """

    formula = "W_3 (SiLU(W_1 x) * W_2 x)"
    source = "Shazeer 2020, arXiv 2002.05202, equation 6"

    d_hidden: Count | None = None
    init: Literal["torch", "gpt2"] = "torch"

    def build(self, site: Site) -> "GatedMLPChannelMixer":
        return GatedMLPChannelMixer(self, site)


class GatedMLPChannelMixer(ChannelMixer):
    """Three linear maps, two of them multiplied."""

    def __init__(self, spec: GatedMLP, site: Site) -> None:
        super().__init__()
        d_hidden = spec.d_hidden or 8 * math.ceil(site.d_model / 3)
        std, scale = (0.02, site.depth**-0.5) if spec.init == "gpt2" else (None, 1.0)
        self.widen = linear(site.d_model, 2 * d_hidden, site.generator, bias="none", std=std)
        self.narrow = linear(d_hidden, site.d_model, site.generator, bias="none", std=std, scale=scale)

    def forward(self, x: Float[Tensor, "*positions m"]) -> Float[Tensor, "*positions m"]:
        gate, value = self.widen(x).chunk(2, dim=-1)
        return self.narrow(F.silu(gate) * value)
