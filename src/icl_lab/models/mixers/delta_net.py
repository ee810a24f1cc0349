"""DeltaNet: linear attention that overwrites what it has stored under a key (Yang et al. 2024, arXiv 2406.06484).

    S_t = a_t (I - b_t k_t k_t^T) S_{t-1} + b_t k_t v_t^T,   o_t = S_t^T q_t / sqrt(d_head),   |k_t| = |q_t| = 1

It is one step of gradient descent on |S^T k_t - v_t|^2 / 2 with the rate b_t, a token at a time. With a gate a_t < 1
it is Gated DeltaNet (Yang et al. 2025, arXiv 2412.06464).

b batch   t num_tokens   m d_model   h num_heads   c d_head = m / h
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import silu, softplus

from icl_lab.core.bounds import Bounds, Count
from icl_lab.kernels.recurrences import delta_rule
from icl_lab.models.heads import HeadNorm, ShortConvolution, join_heads, split_heads, unit, width_of_head
from icl_lab.models.initialisation import inverse_softplus, linear, log_uniform
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class DeltaNet(MixerSpec):
    """The delta rule with short convolutions before it and a norm after it.

    Args:
        num_heads: Heads; a divisor of `d_model`.
        d_conv: Tokens that the convolutions of queries, keys and values see, the token's own included.
        gated: Whether the state decays, as the token says, and the output is gated (Gated DeltaNet).
        negative_eigenvalues: Whether b_t ranges over (0, 2) instead of (0, 1), so that what is stored under a key may
            change its sign (Grazzi et al. 2025, arXiv 2411.12537).
    """

    formula = "S_t = a_t (I - b_t k_t k_t^T) S_{t-1} + b_t k_t v_t^T;  W_out norm(S_t^T q_t)"
    source = "Yang et al. 2024 (arXiv 2406.06484); gated: Yang et al. 2025 (arXiv 2412.06464)"

    num_heads: Count = 4
    d_conv: Annotated[int, Bounds(low=1, high=8)] = 4
    gated: bool = False
    negative_eigenvalues: bool = False

    def build(self, site: Site) -> "DeltaNetMixer":
        return DeltaNetMixer(self, site)


class DeltaNetMixer(PiecewiseMixer):
    """The delta rule; the state is a matrix a head and the last inputs of the convolutions."""

    def __init__(self, spec: DeltaNet, site: Site) -> None:
        super().__init__()
        self.spec, self.d_model = spec, site.d_model
        self.d_head = width_of_head(spec.spec_name(), site.d_model, spec.num_heads)
        generator = site.generator
        self.to_qkv = linear(site.d_model, 3 * site.d_model, generator, bias="none")
        self.conv = ShortConvolution(3 * site.d_model, spec.d_conv, generator)
        self.to_rate = linear(site.d_model, spec.num_heads, generator, bias="none")
        self.norm = HeadNorm(self.d_head)
        self.to_out = linear(site.d_model, site.d_model, generator, bias="none", scale=site.depth**-0.5)
        if spec.gated:
            # As in Mamba-2: a_t = exp(-A dt_t), with A from 1 to 16 and dt from 0.001 to 0.1 at the start.
            self.to_step = linear(site.d_model, spec.num_heads, generator, bias="none")
            self.A_log = nn.Parameter(torch.empty(spec.num_heads).uniform_(1.0, 16.0, generator=generator).log())
            dt = log_uniform((spec.num_heads,), 1e-3, 1e-1, generator).exp()
            self.dt_bias = nn.Parameter(inverse_softplus(dt))
            self.to_gate = linear(site.d_model, site.d_model, generator, bias="none")

    @property
    def short_filter(self) -> nn.Parameter | None:
        return self.conv.weight

    def initial_state(self, batch: int) -> State:
        memory = self.to_qkv.weight.new_zeros(batch, self.spec.num_heads, self.d_head, self.d_head)
        return {"recent": self.conv.initial_state(batch), "memory": memory}

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        qkv, recent = self.conv(self.to_qkv(x), state["recent"])
        qkv = self.tapped("convolution", qkv)
        q, k, v = (split_heads(part, self.spec.num_heads) for part in qkv.chunk(3, dim=-1))
        rate = self.to_rate(x).sigmoid().mT * (2 if self.spec.negative_eigenvalues else 1)
        log_decay = (
            -self.A_log.exp()[:, None] * softplus(self.to_step(x) + self.dt_bias).mT if self.spec.gated else None
        )
        if log_decay is not None:
            log_decay = self.tapped_decay(log_decay)
        q, k = self.tapped("queries", self.d_head**-0.5 * unit(q)), self.tapped("keys", unit(k))
        v = self.tapped("values", v)
        rate = self.tapped("rate", rate)
        o, memory = delta_rule(q, k, v, rate, log_decay, initial_state=state["memory"], return_state=True)
        heads = join_heads(self.norm(self.tapped("mixed", o)))
        if self.spec.gated:
            heads = heads * self.tapped("gate", silu(self.to_gate(x)))
        heads = self.tapped_heads("heads", heads, self.spec.num_heads)
        return self.to_out(heads), {"recent": recent, "memory": memory}

    def state_size(self, length: int) -> int:
        return self.spec.num_heads * self.d_head**2 + 3 * self.d_model * (self.spec.d_conv - 1)
