"""RWKV-4's time mix: a weighted mean of values whose weights fall with distance, channel by channel (Peng et al. 2023).

    wkv_t = (sum_{j<t} e^{k_j - (t-1-j) w} v_j + e^{u + k_t} v_t) / (the same sum without v)
    output = W_o (sigmoid(r_t) * wkv_t)

with w = exp(decay) > 0. Numerator and denominator are linear recurrences with the decay e^{-w}. e^{k_j} overflows, so
both are kept divided by e^{m_t}, m_t = max(m_{t-1} - w, k_t) (appendix D there); then every factor is at most 1.

b batch   t num_tokens   m d_model
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from icl_lab.kernels.recurrences import elementwise_recurrence
from icl_lab.models.initialisation import linear
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State
from icl_lab.models.token_shift import TokenShift, channel_places

# Of w = exp(decay): e^-10000 is 0 in any precision, and a sum of larger ones would leave no digits for the keys.
STRONGEST = math.log(1e4)


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class RWKV4(MixerSpec):
    """The time mix of RWKV-4, with token shift and receptance; its channel mix is `rwkv_channel_mix`.

    Decays, bonuses and token shifts start as the authors' do in the first layer; maps start as torch's do.
    """

    formula = (
        "W_o (sigmoid(r_t) * sum_j e^{k_j - (t-1-j) w} v_j / sum_j e^{k_j - (t-1-j) w}), the token itself with e^u"
    )
    source = "Peng et al. 2023 (arXiv 2305.13048), section 3.1"

    def build(self, site: Site) -> "RWKV4Mixer":
        return RWKV4Mixer(site)


class RWKV4Mixer(PiecewiseMixer):
    """The time mix; the state is the last token, and numerator, denominator and m of each channel."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        m, generator = site.d_model, site.generator
        place, whole = channel_places(m), torch.arange(m) / max(m - 1, 1)
        self.shift = TokenShift(torch.stack([place, place, place**0.5]))
        self.to_k, self.to_v, self.to_r = (linear(m, m, generator, bias="none") for _ in range(3))
        self.to_out = linear(m, m, generator, bias="none", scale=site.depth**-0.5)
        self.decay = nn.Parameter(-5.0 + 8.0 * whole**0.7)
        zigzag = (torch.arange(m) + 1) % 3 - 1  # 0, 1, -1, 0, ...: neighbours start apart
        self.bonus = nn.Parameter(math.log(0.3) + 0.5 * zigzag)

    def initial_state(self, batch: int) -> State:
        nothing = self.shift.initial_state(batch)
        # Nothing has been read: the sums are 0, divided by e^m with m = -inf, so that any key is larger.
        return {
            "last": nothing,
            "sums": torch.stack([nothing, nothing], dim=-1),
            "scale": torch.full_like(nothing, -torch.inf),
        }

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        for_k, for_v, for_r = self.shift(x, state["last"])
        mean, sums, scale = weighted_mean(
            self.tapped("keys", self.to_k(for_k)),
            self.tapped("values", self.to_v(for_v)),
            self.decay.clamp(max=STRONGEST).exp(),
            self.bonus,
            state["sums"],
            state["scale"],
        )
        heads = self.tapped("gate", self.to_r(for_r).sigmoid()) * self.tapped("mixed", mean)
        heads = self.tapped_heads("heads", heads, heads.shape[-1])
        return self.to_out(heads), {"last": x[:, -1], "sums": sums, "scale": scale}

    def state_size(self, length: int) -> int:
        return 4 * self.to_out.in_features


def weighted_mean(
    k: Float[Tensor, "b t m"],
    v: Float[Tensor, "b t m"],
    w: Float[Tensor, " m"],
    u: Float[Tensor, " m"],
    sums: Float[Tensor, "b m 2"],
    scale: Float[Tensor, "b m"],
) -> tuple[Float[Tensor, "b t m"], Float[Tensor, "b m 2"], Float[Tensor, "b m"]]:
    """The means wkv_t, and the sums and their scale after the last token.

    Args:
        k: Logarithms of the weights.
        v: What the mean is of.
        w: How much the logarithm of a weight falls a token; positive.
        u: What is added to the logarithm of the token's own weight.
        sums: Numerator and denominator before the first token, divided by e^scale.
        scale: m before the first token.
    """
    dtype = v.dtype
    k, v, w, u, sums, scale = (part.to(torch.promote_types(dtype, torch.float32)) for part in (k, v, w, u, sums, scale))
    # No mean depends on m, which is there for rounding alone: it carries no gradient.
    with torch.no_grad():
        # w times the distance may be large where its differences matter, hence float64.
        distance = w.double() * torch.arange(1, k.shape[1] + 1, device=k.device)[:, None]
        m = (torch.maximum(scale[:, None], (k + distance).cummax(dim=1).values) - distance).to(k)
        before = torch.cat([scale[:, None], m[:, :-1]], dim=1)
        largest = torch.maximum(before, k + u)
    ones = torch.ones_like(v)
    decay = (before - w - m).exp()[..., None].expand(-1, -1, -1, 2)
    written = (k - m).exp()[..., None] * torch.stack([v, ones], dim=-1)
    after = elementwise_recurrence(decay, written, sums)
    earlier = torch.cat([sums[:, None], after[:, :-1]], dim=1) * (before - largest).exp()[..., None]
    own = (k + u - largest).exp()
    mean = (earlier[..., 0] + own * v) / (earlier[..., 1] + own)
    return mean.to(dtype), after[:, -1], m[:, -1]
