"""Retention: linear attention that forgets at a fixed rate a head (RetNet: Sun et al. 2023, section 2).

    S_t = gamma_h S_{t-1} + k_t v_t^T,   o_t = S_t^T q_t,   gamma_h = 1 - 2^(-5 - h)

b batch   t num_tokens   m d_model   h num_heads   c d_head = m / h
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import silu

from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.kernels.recurrences import linear_recurrence
from icl_lab.models.heads import HeadNorm, join_heads, split_heads, width_of_head
from icl_lab.models.initialisation import linear
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State
from icl_lab.models.rotary import rotate


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class Retention(MixerSpec):
    """Linear attention with rotary positions and a fixed decay a head, normalised and gated.

    Args:
        num_heads: Heads; a divisor of `d_model`. Head h keeps 1 - 2^(-5 - h) of its state a token.
        rotary: Whether queries and keys are turned by their position, as in the paper.
    """

    formula = "o_t = sum_{j <= t} gamma^(t - j) (q_t.k_j) v_j;  W_out (norm(o) * SiLU(W_g x))"
    source = "Sun et al. 2023 (arXiv 2307.08621), section 2"

    num_heads: Count = 4
    rotary: bool = True

    def build(self, site: Site) -> "RetentionMixer":
        return RetentionMixer(self, site)


class RetentionMixer(PiecewiseMixer):
    """Retention; the state is a matrix a head, and the position where queries and keys are turned by it."""

    log_decay: Tensor

    def __init__(self, spec: Retention, site: Site) -> None:
        super().__init__()
        self.spec, self.d_model = spec, site.d_model
        self.d_head = width_of_head(spec.spec_name(), site.d_model, spec.num_heads)
        if spec.rotary and self.d_head % 2:
            raise UserError(
                f"retention.rotary: expected an even d_model / num_heads, got {site.d_model} / {spec.num_heads}"
            )
        self.to_q, self.to_k, self.to_v, self.to_gate = (
            linear(site.d_model, site.d_model, site.generator, bias="none") for _ in range(4)
        )
        self.to_out = linear(site.d_model, site.d_model, site.generator, bias="none", scale=site.depth**-0.5)
        self.norm = HeadNorm(self.d_head)
        heads = torch.arange(spec.num_heads, dtype=torch.float64)
        self.register_buffer("log_decay", torch.log1p(-(2.0 ** (-5 - heads))).float(), persistent=False)

    def initial_state(self, batch: int) -> State:
        state = {"memory": self.to_q.weight.new_zeros(batch, self.spec.num_heads, self.d_head, self.d_head)}
        return state | (
            {"position": self.to_q.weight.new_zeros((batch, 1), dtype=torch.int64)} if self.spec.rotary else {}
        )

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        q, k, v = (split_heads(to(x), self.spec.num_heads) for to in (self.to_q, self.to_k, self.to_v))
        after: State = {}
        if self.spec.rotary:
            first = int(state["position"][0, 0])
            q, k = rotate(q, first), rotate(k, first)
            after["position"] = state["position"] + x.shape[1]
        q, k, v = self.tapped("queries", q), self.tapped("keys", k), self.tapped("values", v)
        fade = self.log_decay.to(q)[:, None].expand(q.shape[:3])
        fade = self.tapped_decay(fade)
        scale = self.d_head**-0.5
        o, memory = linear_recurrence(q, scale * k, v, fade, initial_state=state["memory"], return_state=True)
        heads = join_heads(self.norm(self.tapped("mixed", o))) * self.tapped("gate", silu(self.to_gate(x)))
        return self.to_out(self.tapped_heads("heads", heads, self.spec.num_heads)), {"memory": memory} | after

    def state_size(self, length: int) -> int:
        return self.spec.num_heads * self.d_head**2 + self.spec.rotary
