"""RWKV's channel mix: a feed-forward network with a squared ReLU that also reads the previous token (Peng et al. 2023).

    sigmoid(W_r x'_t) * W_v relu(W_k x''_t)^2,   x' and x'' mixtures of x_t and x_{t-1}

It looks at a neighbour, so it is a sequence mixer here, with one token of state.

b batch   t num_tokens   m d_model
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.bounds import Count
from icl_lab.models.initialisation import linear
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State
from icl_lab.models.token_shift import TokenShift, channel_places


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class RWKVChannelMix(MixerSpec):
    """The channel mix that follows a time mix in RWKV.

    Args:
        expand: The hidden layer is this many times wider than the model.
        receptance: Whether the output is gated, as in RWKV-4; RWKV-7 leaves the gate out.
    """

    formula = "sigmoid(W_r x') * W_v relu(W_k x'')^2"
    source = "Peng et al. 2023 (arXiv 2305.13048), section 3.1; without receptance: Peng et al. 2025 (arXiv 2503.14456)"

    expand: Count = 4
    receptance: bool = True

    @property
    def reach(self) -> int:
        return 2

    def build(self, site: Site) -> "RWKVChannelMixMixer":
        return RWKVChannelMixMixer(self, site)


class RWKVChannelMixMixer(PiecewiseMixer):
    """The channel mix; the state is the last token."""

    def __init__(self, spec: RWKVChannelMix, site: Site) -> None:
        super().__init__()
        m, generator = site.d_model, site.generator
        self.shift = TokenShift(channel_places(m).repeat(1 + spec.receptance, 1))
        self.widen = linear(m, spec.expand * m, generator, bias="none")
        self.narrow = linear(spec.expand * m, m, generator, bias="none", scale=site.depth**-0.5)
        self.to_r = linear(m, m, generator, bias="none") if spec.receptance else None

    def initial_state(self, batch: int) -> State:
        return {"last": self.shift.initial_state(batch)}

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        for_k, *for_r = self.shift(x, state["last"])
        hidden = torch.relu(self.widen(for_k)).square()
        mixed = self.narrow(self.tapped_heads("heads", hidden, hidden.shape[-1]))
        if self.to_r is not None:
            mixed = mixed * self.tapped("gate", self.to_r(for_r[0]).sigmoid())
        return mixed, {"last": x[:, -1]}

    def state_size(self, length: int) -> int:
        return self.narrow.out_features
