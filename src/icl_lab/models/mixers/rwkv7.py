"""RWKV-7's time mix: a generalised delta rule (Peng et al. 2025, arXiv 2503.14456, section 4.1).

    S_t = (Diag(w_t) - (a_t * kappa_t) kappa_t^T) S_{t-1} + k~_t v_t^T,   o_t = S_t^T r_t,   |kappa_t| = 1

The state decays channel by channel; what it holds under kappa is taken away at the rates a_t, one a channel, and what
is written has a key k~ of its own. S is the transpose of the paper's. The mixture of a layer's values with the first
layer's is left out: here a mixer sees its own block alone.

b batch   t num_tokens   m d_model   h num_heads   c d_head = m / h
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import group_norm, normalize

from icl_lab.core.bounds import Count
from icl_lab.kernels.recurrences import rank_one_recurrence
from icl_lab.models.heads import join_heads, split_heads, width_of_head
from icl_lab.models.initialisation import linear
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State
from icl_lab.models.token_shift import TokenShift, channel_places

FASTEST = -math.exp(-0.5)  # logarithm of the smallest decay (equation 12 there, in logarithms)
RANK = 32  # of the maps to decays, rates and the gate
NORM_EPSILON = 1e-5  # of the norm of a head, for each of its channels


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class RWKV7(MixerSpec):
    """The time mix of RWKV-7 without values of other layers; its channel mix is `rwkv_channel_mix(receptance=false)`.

    Args:
        num_heads: Heads; a divisor of `d_model`. The paper's heads are 64 wide.
    """

    formula = "S_t = (Diag(w_t) - (a_t * kappa_t) kappa_t^T) S_{t-1} + k~_t v_t^T;  W_o (g * (norm(S_t^T r_t) + bonus))"
    source = "Peng et al. 2025 (arXiv 2503.14456), section 4.1"

    num_heads: Count = 4

    def build(self, site: Site) -> "RWKV7Mixer":
        return RWKV7Mixer(self, site)


class LowRank(nn.Module):
    """An affine map of low rank with a function between its two factors; the first factor starts at zero.

    The second starts uniform, 0.1 of torch's default; the authors' is orthogonal with gain 0.1.
    """

    def __init__(self, d_model: int, rank: int, bias: Tensor | None, generator: torch.Generator) -> None:
        super().__init__()
        self.down = linear(d_model, rank, generator, bias="none", scale=0.0)
        self.up = linear(rank, d_model, generator, bias="none", scale=0.1)
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, x: Float[Tensor, "b t m"], inner: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """One number a channel and token, (b, t, m)."""
        low = self.down(x)
        out: Tensor = self.up(low if inner is None else inner(low))
        return out if self.bias is None else out + self.bias


class RWKV7Mixer(PiecewiseMixer):
    """The time mix; the state is the last token and a matrix a head."""

    def __init__(self, spec: RWKV7, site: Site) -> None:
        super().__init__()
        m, generator = site.d_model, site.generator
        self.num_heads = spec.num_heads
        self.d_head = width_of_head(spec.spec_name(), m, spec.num_heads)
        self.to_r, self.to_k, self.to_v = (linear(m, m, generator, bias="none") for _ in range(3))
        self.to_out = linear(m, m, generator, bias="none", scale=site.depth**-0.5)
        # What follows starts as the authors' does in the first layer; their ranks at the widths of this laboratory
        # are the smallest they use.
        powers = torch.tensor([0.2, 0.9, 0.7, 0.7, 0.9, 0.2])  # for r, w, k, v, a, g
        self.shift = TokenShift(channel_places(m) ** powers[:, None])
        whole = torch.arange(m) / max(m - 1, 1)
        zigzag = torch.linspace(-1.0, 1.0, self.d_head).repeat(spec.num_heads)
        zigzag = zigzag * zigzag.abs()
        self.to_decay = LowRank(m, RANK, -5.5 + 6.0 * whole + 2.5 * zigzag, generator)
        self.to_rate = LowRank(m, RANK, -0.19 + 0.3 * zigzag + 0.4 * (whole - 0.5), generator)
        self.to_gate = LowRank(m, RANK, None, generator)
        self.removal_gain = nn.Parameter(0.71 - 0.1 * (whole - 0.5))
        self.replacement_gain = nn.Parameter(torch.full((m,), 1.02))
        self.bonus = nn.Parameter(torch.full((spec.num_heads, self.d_head), -0.04))
        self.norm_weight = nn.Parameter(torch.ones(m))
        self.norm_bias = nn.Parameter(torch.zeros(m))

    def initial_state(self, batch: int) -> State:
        memory = self.bonus.new_zeros(batch, self.num_heads, self.d_head, self.d_head)
        return {"last": self.shift.initial_state(batch), "memory": memory}

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        for_r, for_w, for_k, for_v, for_a, for_g = self.shift(x, state["last"])
        log_decay = FASTEST * self.to_decay(for_w, torch.tanh).sigmoid()
        rate = self.to_rate(for_a).sigmoid()
        gate = self.to_gate(for_g, torch.sigmoid)
        k = self.to_k(for_k)
        removed = k * self.removal_gain
        written = k * (1 + (rate - 1) * self.replacement_gain)
        r, k, v, rate, log_decay, removed = (
            split_heads(part, self.num_heads)
            for part in (self.to_r(for_r), written, self.to_v(for_v), rate, log_decay, removed)
        )
        removed = normalize(removed, dim=-1)
        r, k, v = self.tapped("queries", r), self.tapped("keys", k), self.tapped("values", v)
        rate, log_decay = self.tapped("rate", rate), self.tapped_decay(log_decay)
        o, memory = rank_one_recurrence(
            r, k, v, rate * removed, -removed, log_decay,
            lowest=FASTEST, initial_state=state["memory"], return_state=True,
        )  # fmt: skip
        own = (r * k * self.bonus[:, None]).sum(-1, keepdim=True) * v
        mixed = self._norm(join_heads(self.tapped("mixed", o))) + join_heads(own)
        heads = self.tapped_heads("heads", mixed * self.tapped("gate", gate), self.num_heads)
        return self.to_out(heads), {"last": x[:, -1], "memory": memory}

    def state_size(self, length: int) -> int:
        return self.num_heads * self.d_head**2 + self.to_out.in_features

    def _norm(self, o: Float[Tensor, "b t m"]) -> Float[Tensor, "b t m"]:
        """Layer norm of each head."""
        epsilon = NORM_EPSILON * self.d_head
        return group_norm(o.flatten(0, 1), self.num_heads, self.norm_weight, self.norm_bias, epsilon).view_as(o)
