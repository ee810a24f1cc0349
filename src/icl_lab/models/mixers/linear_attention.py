"""Linear attention: softmax's exponential replaced by a product of features (Katharopoulos et al. 2020, section 3.2).

    S_t = S_{t-1} + phi(k_t) v_t^T,   z_t = z_{t-1} + phi(k_t),   o_t = S_t^T phi(q_t) / (z_t . phi(q_t))

b batch   t num_tokens   m d_model   h num_heads   c d_head = m / h   f features
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import elu

from icl_lab.core.bounds import Count
from icl_lab.kernels.recurrences import linear_recurrence
from icl_lab.models.heads import join_heads, split_heads, width_of_head
from icl_lab.models.initialisation import linear
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State

Features = Literal["elu", "taylor", "hedgehog", "identity"]


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class LinearAttention(MixerSpec):
    """Attention whose weights are products of features, so that its state is a matrix a head.

    Args:
        num_heads: Heads; a divisor of `d_model`.
        features: `"elu"`: elu(x) + 1 (Katharopoulos et al. 2020). `"taylor"`: 1, x and all products of two entries, so
            that phi(q).phi(k) = 1 + q.k + (q.k)^2 / 2 is softmax's exponential to second order (Based: Arora et al.
            2024, arXiv 2402.18668, section 4.1). `"hedgehog"`: softmax over the entries of x and -x (Zhang et al. 2024,
            arXiv 2402.04347; the learned map before it is a part of those to queries and keys). `"identity"`: x itself,
            the linear self-attention of theory papers.
        d_key: Width of queries and keys in a head before the features; that of a head by default, and at most 16 for
            `"taylor"`, as in Based.
    """

    formula = "o_t = sum_j phi(q_t).phi(k_j) v_j / sum_j phi(q_t).phi(k_j)"
    source = "Katharopoulos et al. 2020 (arXiv 2006.16236); Based: Arora et al. 2024 (arXiv 2402.18668)"

    num_heads: Count = 8
    features: Features = "elu"
    d_key: Count | None = None

    @property
    def normalised(self) -> bool:
        """Whether the output is divided by the sum of the weights: not for features that may be negative."""
        return self.features != "identity"

    def build(self, site: Site) -> "LinearAttentionMixer":
        return LinearAttentionMixer(self, site)


class LinearAttentionMixer(PiecewiseMixer):
    """Linear attention; the state is S, with z as one more column."""

    def __init__(self, spec: LinearAttention, site: Site) -> None:
        super().__init__()
        self.spec = spec
        self.d_head = width_of_head(spec.spec_name(), site.d_model, spec.num_heads)
        default = min(self.d_head, 16) if spec.features == "taylor" else self.d_head
        self.d_key = spec.d_key or default
        width = spec.num_heads * self.d_key
        self.to_q = linear(site.d_model, width, site.generator, bias="none")
        self.to_k = linear(site.d_model, width, site.generator, bias="none")
        self.to_v = linear(site.d_model, site.d_model, site.generator, bias="none")
        self.to_out = linear(site.d_model, site.d_model, site.generator, bias="none", scale=site.depth**-0.5)

    @property
    def num_features(self) -> int:
        """Width of queries and keys after the features."""
        if self.spec.features == "taylor":
            return 1 + self.d_key + self.d_key * (self.d_key + 1) // 2
        return 2 * self.d_key if self.spec.features == "hedgehog" else self.d_key

    def initial_state(self, batch: int) -> State:
        columns = self.d_head + self.spec.normalised
        return {"memory": self.to_q.weight.new_zeros(batch, self.spec.num_heads, self.num_features, columns)}

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        q, k = (self._features(split_heads(to(x), self.spec.num_heads)) for to in (self.to_q, self.to_k))
        q, k = self.tapped("queries", q), self.tapped("keys", k)
        v = self.tapped("values", split_heads(self.to_v(x), self.spec.num_heads))
        if self.spec.normalised:
            v = nn.functional.pad(v, (0, 1), value=1.0)
        fade = torch.zeros_like(q[..., 0])
        o, memory = linear_recurrence(q, k, v, fade, initial_state=state["memory"], return_state=True)
        if self.spec.normalised:
            o = o[..., :-1] / (o[..., -1:] + 1e-6)
        heads = self.tapped_heads("heads", join_heads(self.tapped("mixed", o)), self.spec.num_heads)
        return self.to_out(heads), {"memory": memory}

    def state_size(self, length: int) -> int:
        return self.spec.num_heads * self.num_features * (self.d_head + self.spec.normalised)

    def _features(self, x: Float[Tensor, "b h t d_key"]) -> Float[Tensor, "b h t f"]:
        if self.spec.features == "elu":
            return elu(x) + 1
        if self.spec.features == "identity":
            return x
        if self.spec.features == "hedgehog":
            return torch.cat([x, -x], dim=-1).softmax(-1)
        # Scaled so that q.k is divided by the root of its width, as in softmax attention.
        x = x * self.d_key**-0.25
        # A product of two different entries stands for both orders of them, so it is weighed by the root of 2.
        products = [x[..., i : i + 1] * x[..., i + 1 :] for i in range(self.d_key - 1)]
        return torch.cat([torch.ones_like(x[..., :1]), x, x.square() * 2**-0.5, *products], dim=-1)
