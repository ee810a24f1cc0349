"""Gated linear attention: each channel of the key forgets at a rate of its own that the token sets (Yang et al. 2024).

    S_t = Diag(a_t) S_{t-1} + k_t v_t^T,   o_t = S_t^T q_t,   a_t = sigmoid(W_2 W_1 x_t + b)^(1/16)

b batch   t num_tokens   m d_model   h num_heads
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, silu

from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.kernels.recurrences import linear_recurrence
from icl_lab.models.heads import HeadNorm, join_heads, split_heads, width_of_head
from icl_lab.models.initialisation import linear
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State

TEMPERATURE = 16.0  # tau of section 4.4: gates start close to 1
RANK = 16  # of the map to the gates


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class GatedLinearAttention(MixerSpec):
    """Linear attention whose state decays channel by channel, as the token says; normalised and gated.

    Args:
        num_heads: Heads; a divisor of `d_model` and of half of it. Four in the paper.
        gated: Whether the state decays at all; without, it is linear attention with the identity as features.
    """

    formula = "S_t = Diag(a_t) S_{t-1} + k_t v_t^T;  W_out (norm(S_t^T q_t) * SiLU(W_g x))"
    source = "Yang et al. 2024 (arXiv 2312.06635), section 4.4"

    num_heads: Count = 4
    gated: bool = True

    def build(self, site: Site) -> "GatedLinearAttentionMixer":
        return GatedLinearAttentionMixer(self, site)


class GatedLinearAttentionMixer(PiecewiseMixer):
    """Gated linear attention; the state is a matrix a head. Keys have half the width of values, as in the paper."""

    def __init__(self, spec: GatedLinearAttention, site: Site) -> None:
        super().__init__()
        self.spec = spec
        self.d_value = width_of_head(spec.spec_name(), site.d_model, spec.num_heads)
        if self.d_value % 2:
            raise UserError(
                "gated_linear_attention.num_heads: expected an even d_model / num_heads, "
                f"got {site.d_model} / {spec.num_heads}"
            )
        self.d_key = self.d_value // 2
        keys, generator = site.d_model // 2, site.generator
        self.to_q, self.to_k = (linear(site.d_model, keys, generator, bias="none") for _ in range(2))
        self.to_v, self.to_gate = (linear(site.d_model, site.d_model, generator, bias="none") for _ in range(2))
        self.to_out = linear(site.d_model, site.d_model, generator, bias="none", scale=site.depth**-0.5)
        self.to_decay = (
            nn.Sequential(linear(site.d_model, RANK, generator, bias="none"), linear(RANK, keys, generator))
            if spec.gated
            else None
        )
        self.norm = HeadNorm(self.d_value)

    def initial_state(self, batch: int) -> State:
        return {"memory": self.to_q.weight.new_zeros(batch, self.spec.num_heads, self.d_key, self.d_value)}

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        q, k, v = (split_heads(to(x), self.spec.num_heads) for to in (self.to_q, self.to_k, self.to_v))
        q, k, v = self.tapped("queries", q), self.tapped("keys", k), self.tapped("values", v)
        if self.to_decay is None:
            log_decay = torch.zeros_like(k)
        else:
            log_decay = split_heads(logsigmoid(self.to_decay(x)) / TEMPERATURE, self.spec.num_heads)
            log_decay = self.tapped_decay(log_decay)
        o, memory = linear_recurrence(
            self.d_key**-0.5 * q, k, v, log_decay, initial_state=state["memory"], return_state=True
        )
        heads = join_heads(self.norm(self.tapped("mixed", o))) * self.tapped("gate", silu(self.to_gate(x)))
        return self.to_out(self.tapped_heads("heads", heads, self.spec.num_heads)), {"memory": memory}

    def state_size(self, length: int) -> int:
        return self.spec.num_heads * self.d_key * self.d_value
