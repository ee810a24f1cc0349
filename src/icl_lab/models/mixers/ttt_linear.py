"""TTT-Linear: the state is a linear model that is trained while the prompt is read (Sun et al. 2024, arXiv 2407.04620).

    l_s(W, c) = |f(k_s; W, c) - v_s|^2 / 2,   f(x; W, c) = x + LN(W^T x + c),   z_t = f(q_t; W_t, c_t)
    W_t = W_{t'} - sum_{t' < s <= t} rate_s dl_s/dW (W_{t'}, c_{t'}),   t' the end of the mini-batch before t's

One step of gradient descent a mini-batch of 16 tokens, whose gradients are all taken at its beginning (section 2.4).
The sums over the tokens of a mini-batch so far are matrix products of the form of attention (section 2.5), so only
mini-batches come one after the other. Rates are rate_s = sigmoid(w.x_s) / d_head (section 2.7); the divisor is that of
the authors' code. That also multiplies the sum up to token i = 1, 2, ... of a mini-batch by 1/i, plus a learned number
that starts at zero (`token_eta`), which is left out here.

b batch   t num_tokens   m d_model   h num_heads   c d_head = m / h
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import layer_norm

from icl_lab.core.bounds import Bounds, Count
from icl_lab.models.heads import join_heads, split_heads, width_of_head
from icl_lab.models.initialisation import linear, normal
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State

EPSILON = 1e-6  # of the inner layer norm


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class TTTLinear(MixerSpec):
    """A linear model a head, trained on the prompt by gradient descent.

    The first weights of the inner models, N(0, 0.02^2), and their layer norms are learned. Positions are not turned,
    queries and keys have maps of their own, and outputs are not gated: the paper's method without its Transformer.

    Args:
        num_heads: Heads, each with an inner model; a divisor of `d_model`.
        mini_batch: Tokens whose inner gradients are taken at the same weights; 16 in the paper, 1 is online descent.
    """

    formula = "W_t = W_t' - sum_{t'<s<=t} rate_s grad |k_s + LN(W_t' k_s) - v_s|^2 / 2;  W_out norm(q_t + LN(W_t q_t))"
    source = "Sun et al. 2024 (arXiv 2407.04620), sections 2.4 to 2.7"

    num_heads: Count = 4
    mini_batch: Annotated[int, Bounds(low=1, high=256)] = 16

    def build(self, site: Site) -> "TTTLinearMixer":
        return TTTLinearMixer(self, site)


class TTTLinearMixer(PiecewiseMixer):
    """TTT-Linear; the state is the inner models at the start of the mini-batch and now, and the place in it."""

    def __init__(self, spec: TTTLinear, site: Site) -> None:
        super().__init__()
        self.spec, m, generator = spec, site.d_model, site.generator
        self.d_head = width_of_head(spec.spec_name(), m, spec.num_heads)
        self.to_q, self.to_k, self.to_v = (linear(m, m, generator, bias="none") for _ in range(3))
        self.to_rate = linear(m, spec.num_heads, generator, bias="zero")
        # The bias c is one more row of W, read with a 1.
        first = normal((spec.num_heads, self.d_head, self.d_head), 0.02, generator)
        self.first = nn.Parameter(nn.functional.pad(first, (0, 0, 0, 1)))
        self.gain = nn.Parameter(torch.ones(spec.num_heads, 1, self.d_head))
        self.offset = nn.Parameter(torch.zeros(spec.num_heads, 1, self.d_head))
        self.norm = nn.LayerNorm(m, eps=1e-6)
        self.to_out = linear(m, m, generator, bias="none", scale=site.depth**-0.5)

    def initial_state(self, batch: int) -> State:
        first = self.first.expand(batch, -1, -1, -1)
        return {"start": first, "now": first, "place": first.new_zeros(batch, 1)}

    def forward(self, x: Float[Tensor, "b t m"]) -> Float[Tensor, "b t m"]:
        output, _ = self._read(x, self.initial_state(len(x)), place=0)
        return output

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        return self._read(x, state, place=int(state["place"][0]))

    def state_size(self, length: int) -> int:
        return 2 * self.spec.num_heads * self.d_head * (self.d_head + 1) + 1

    def _read(self, x: Float[Tensor, "b t m"], state: State, place: int) -> tuple[Float[Tensor, "b t m"], State]:
        """Tokens after a state that is `place` tokens into a mini-batch."""
        q, k, v = (split_heads(to(x), self.spec.num_heads) for to in (self.to_q, self.to_k, self.to_v))
        q, k, v = self.tapped("queries", q), self.tapped("keys", k), self.tapped("values", v)
        rate = self.tapped("rate", self.to_rate(x).sigmoid().mT)[..., None] / self.d_head
        start, now, outputs = state["start"], state["now"], []
        first, size = self.spec.mini_batch - place, self.spec.mini_batch
        cuts = [slice(max(0, end - size), end) for end in range(first, x.shape[1] + size, size)]
        for cut in cuts:
            if cut.start > 0 or place == 0:
                start = now
            gradients = rate[:, :, cut] * self._gradient(k[:, :, cut], v[:, :, cut], start)
            queries, keys = with_one(q[:, :, cut]), with_one(k[:, :, cut])
            inner = queries @ now - (queries @ keys.mT).tril() @ gradients
            outputs.append(q[:, :, cut] + self._inner_norm(inner))
            now = now - keys.mT @ gradients
        place = (place + x.shape[1]) % size
        after = {"start": start, "now": now, "place": torch.full_like(state["place"], place)}
        heads = self.tapped_heads("heads", self.norm(join_heads(torch.cat(outputs, dim=2))), self.spec.num_heads)
        return self.to_out(heads), after

    def _gradient(
        self, k: Float[Tensor, "b h t c"], v: Float[Tensor, "b h t c"], weights: Float[Tensor, "b h c_plus_1 c"]
    ) -> Float[Tensor, "b h t c"]:
        """The gradient of each token's loss with respect to W^T k + c."""
        inner = with_one(k) @ weights
        centred = inner - inner.mean(-1, keepdim=True)
        scale = torch.rsqrt(centred.square().mean(-1, keepdim=True) + EPSILON)
        unit = centred * scale
        error = (k + unit * self.gain + self.offset - v) * self.gain
        return scale * (error - error.mean(-1, keepdim=True) - unit * (error * unit).mean(-1, keepdim=True))

    def _inner_norm(self, inner: Float[Tensor, "b h t c"]) -> Float[Tensor, "b h t c"]:
        return layer_norm(inner, (self.d_head,), eps=EPSILON) * self.gain + self.offset


def with_one(x: Float[Tensor, "b h t c"]) -> Float[Tensor, "b h t c_plus_1"]:
    """A 1 after the last number of each vector, for the bias."""
    return nn.functional.pad(x, (0, 1), value=1.0)
