"""Causal softmax attention with several heads (Vaswani et al. 2017, section 3.2).

b batch   t num_tokens   m d_model   h num_heads   c d_head = m / h
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor

from icl_lab import kernels
from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.models.heads import heads_of, join_heads
from icl_lab.models.initialisation import linear
from icl_lab.models.mixers.base import MIXERS, MixerSpec, SequenceMixer, Site, State
from icl_lab.models.rotary import rotate


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class Attention(MixerSpec):
    """Causal softmax attention with several heads; its query, key, value and output maps have a bias.

    Args:
        num_heads: Heads; a divisor of `d_model`. By default each is 32 wide, as in Grazzi et al. and Park et al. (8 of
            256).
        positions: `"rotary"` turns queries and keys by their position; `"none"` leaves the order to the causal mask
            and to whatever the embeddings carry.
        init: `"torch"`, as in Park et al.'s hybrids: torch's default weights, zero biases, output not scaled by depth.
            `"gpt2"`: N(0, 0.02^2), the output divided by the square root of the depth, zero biases.
        window: A token sees only so many, itself included (sliding-window attention: Child et al. 2019; Beltagy et al.
            2020); all before it by default. What the step form carries is bounded by it.
    """

    formula = "softmax(Q K^T / sqrt(d_head) + causal mask) V"
    source = (
        "Vaswani et al. 2017, section 3.2; GPT-2: Radford et al. 2019; window: Beltagy et al. 2020 (arXiv 2004.05150)"
    )

    num_heads: Count | None = None
    positions: Literal["none", "rotary"] = "none"
    init: Literal["torch", "gpt2"] = "torch"
    window: Count | None = None

    @property
    def reach(self) -> int | None:
        return self.window

    def build(self, site: Site) -> "AttentionMixer":
        num_heads = heads_of(self.spec_name(), site.d_model, self.num_heads)
        if self.positions == "rotary" and site.d_model // num_heads % 2:
            raise UserError(
                f"attention.positions: rotary wants an even d_model / num_heads, got {site.d_model} / {num_heads}"
            )
        return AttentionMixer(self, site)


class AttentionMixer(SequenceMixer):
    """Causal attention; the step form keeps the keys and values of all tokens so far, or of the last of a window.

    Keys are kept as they were turned, so that a full window with rotary positions has to know the position as well.
    """

    def __init__(self, spec: Attention, site: Site) -> None:
        super().__init__()
        self.num_heads = heads_of(spec.spec_name(), site.d_model, spec.num_heads)
        self.rotary = spec.positions == "rotary"
        self.window = spec.window
        std, scale = (0.02, site.depth**-0.5) if spec.init == "gpt2" else (None, 1.0)
        self.d_model = site.d_model
        self.to_qkv = linear(site.d_model, 3 * site.d_model, site.generator, bias="zero", std=std)
        self.to_out = linear(site.d_model, site.d_model, site.generator, bias="zero", std=std, scale=scale)

    def forward(self, x: Float[Tensor, "b t m"]) -> Float[Tensor, "b t m"]:
        qkv = rearrange(self.to_qkv(x), "b t (three h c) -> b t three h c", three=3, h=self.num_heads)
        if self.taps:
            return self._tapped_forward(*rearrange(qkv, "b t three h c -> three b h t c"))
        if self.rotary:
            q, k, v = qkv.unbind(2)
            q, k = rotate(q.transpose(1, 2)).transpose(1, 2), rotate(k.transpose(1, 2)).transpose(1, 2)
            mixed = kernels.causal_attention(q, k, v, window=self.window)
        else:
            mixed = kernels.causal_self_attention(qkv, window=self.window)
        return self.to_out(rearrange(mixed, "b t h c -> b t (h c)"))

    def _tapped_forward(
        self, q: Float[Tensor, "b h t c"], k: Float[Tensor, "b h t c"], v: Float[Tensor, "b h t c"]
    ) -> Float[Tensor, "b t m"]:
        """The same with everything in between by its name."""
        if self.rotary:
            q, k = rotate(q), rotate(k)
        q, k, v = self.tapped("queries", q), self.tapped("keys", k), self.tapped("values", v)
        mixed = kernels.causal_attention(*(part.transpose(1, 2) for part in (q, k, v)), window=self.window)
        mixed = self.tapped("mixed", mixed.transpose(1, 2))
        return self.to_out(self.tapped_heads("heads", join_heads(mixed), self.num_heads))

    def initial_state(self, batch: int) -> State:
        weight = self.to_qkv.weight
        nothing = weight.new_zeros(batch, self.num_heads, 0, self.d_model // self.num_heads)
        state = {"keys": nothing, "values": nothing}
        return state | ({"position": weight.new_zeros((batch, 1), dtype=torch.int64)} if self.counts else {})

    def step(self, x: Float[Tensor, "b m"], state: State) -> tuple[Float[Tensor, "b m"], State]:
        q, k, v = self._heads(self.to_qkv(x).unsqueeze(1))
        after: State = {}
        if self.counts:
            after["position"] = state["position"] + 1
        if self.rotary:
            position = int(state["position"][0, 0]) if self.counts else state["keys"].shape[2]
            q, k = rotate(q, position), rotate(k, position)
        after["keys"] = torch.cat([self._seen(state["keys"]), k], dim=2)
        after["values"] = torch.cat([self._seen(state["values"]), v], dim=2)
        mixed = F.scaled_dot_product_attention(q, after["keys"], after["values"])
        return self.to_out(rearrange(mixed, "b h 1 c -> b (h c)")), after

    def beside(
        self, x: Float[Tensor, "b t m"], asked: Float[Tensor, "b l m"], starts: Int[Tensor, " l"]
    ) -> tuple[Float[Tensor, "b t m"], Float[Tensor, "b l m"]]:
        if not x.shape[1]:
            return x, super().beside(x, asked, starts)[1]
        (_, keys, values), (q, k, v) = self._heads(self.to_qkv(x)), self._heads(self.to_qkv(asked))
        if self.rotary:
            keys, q, k = rotate(keys), rotate(q, starts), rotate(k, starts)
        # A token that is asked sees those before it in the prompt, as far as a window reaches, and itself.
        positions, ends = torch.arange(x.shape[1], device=x.device), starts[:, None]
        seen = positions < ends
        if self.window is not None:
            seen &= positions > ends - self.window
        itself = torch.eye(len(starts), dtype=torch.bool, device=x.device)
        mixed = F.scaled_dot_product_attention(
            q, torch.cat([keys, k], dim=2), torch.cat([values, v], dim=2), attn_mask=torch.cat([seen, itself], dim=1)
        )
        return self(x), self.to_out(rearrange(mixed, "b h l c -> b l (h c)"))

    def state_size(self, length: int) -> int:
        kept = length if self.window is None else min(length, self.window)
        return 2 * kept * self.d_model + self.counts

    @property
    def counts(self) -> bool:
        """Whether the state has the position: where the number of keys does not tell it."""
        return self.rotary and self.window is not None

    def _seen(self, kept: Float[Tensor, "b h kept c"]) -> Float[Tensor, "b h seen c"]:
        """What the next token still sees of earlier ones."""
        return kept if self.window is None else kept[:, :, max(0, kept.shape[2] - self.window + 1) :]

    def _heads(self, qkv: Float[Tensor, "b t three_m"]) -> Float[Tensor, "3 b h t c"]:
        return rearrange(qkv, "b t (three h c) -> three b h t c", three=3, h=self.num_heads)
