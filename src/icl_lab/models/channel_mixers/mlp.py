"""The feed-forward network of a Transformer: widen, GELU, narrow (Vaswani et al. 2017, section 3.3)."""

from dataclasses import dataclass
from typing import Literal

from jaxtyping import Float
from torch import Tensor

from icl_lab import kernels
from icl_lab.core.bounds import Count
from icl_lab.models.channel_mixers.base import CHANNEL_MIXERS, ChannelMixer, ChannelMixerSpec
from icl_lab.models.initialisation import linear
from icl_lab.models.mixers.base import Site


@CHANNEL_MIXERS.register
@dataclass(frozen=True, kw_only=True)
class MLP(ChannelMixerSpec):
    """A feed-forward network of one hidden layer with a GELU.

    Args:
        expand: The hidden layer is this many times wider than the model.
        init: `"torch"`, torch's default; `"gpt2"`: N(0, 0.02^2), the output divided by the square root of the depth,
            zero biases.
    """

    formula = "W_2 GELU(W_1 x + b_1) + b_2"
    source = "Vaswani et al. 2017, section 3.3; GELU by tanh, as in GPT-2: Hendrycks & Gimpel 2016"

    expand: Count = 4
    init: Literal["torch", "gpt2"] = "gpt2"

    def build(self, site: Site) -> "MLPChannelMixer":
        return MLPChannelMixer(self, site)


class MLPChannelMixer(ChannelMixer):
    """Two linear maps with GELU between them."""

    def __init__(self, spec: MLP, site: Site) -> None:
        super().__init__()
        d_hidden = spec.expand * site.d_model
        if spec.init == "gpt2":
            self.widen = linear(site.d_model, d_hidden, site.generator, bias="zero", std=0.02)
            self.narrow = linear(d_hidden, site.d_model, site.generator, bias="zero", std=0.02, scale=site.depth**-0.5)
        else:
            self.widen = linear(site.d_model, d_hidden, site.generator)
            self.narrow = linear(d_hidden, site.d_model, site.generator)

    def forward(self, x: Float[Tensor, "*positions m"]) -> Float[Tensor, "*positions m"]:
        return kernels.gelu_mlp(x, self.widen.weight, self.widen.bias, self.narrow.weight, self.narrow.bias)
