"""H3: two linear state space models with products between them, in the place of attention (Fu et al. 2023).

    K'_t = sum_j C_j K_{t-j}                       the shift state space: it holds the last d_shift keys
    M_t  = SSM(K' V^T)_t                           S4D on every entry of the outer product of a head
    o_t  = M_t^T Q_t

The shift lets a key meet the value of a later token; S4D keeps what they made; the query reads it.

b batch   t num_tokens   m d_model   h heads   c d_head   k d_shift   n modes (half of d_state)
"""

from dataclasses import dataclass
from typing import Annotated

from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from icl_lab import kernels
from icl_lab.core.bounds import Bounds, Count
from icl_lab.core.errors import UserError
from icl_lab.models.diagonal_ssm import DiagonalSSM, check_d_state
from icl_lab.models.heads import join_heads, split_heads
from icl_lab.models.initialisation import linear, uniform
from icl_lab.models.mixers.base import MIXERS, MixerSpec, SequenceMixer, Site, State


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class H3(MixerSpec):
    """A shift state space on keys, a diagonal one on keys times values, and a query that reads it.

    Args:
        d_head: Width of a head; a divisor of `d_model`. A head carries `d_head`^2 states, so both time and state grow
            with it. 1, as released: products channel by channel.
        d_state: Real numbers of state of each entry of K V^T; even. 64 in the released models.
        d_shift: Keys that the shift state space holds, the token's own included. As many as `d_state` in the paper; a
            few reach from a label to its input.
    """

    formula = "W_out (Q S4D(shift(K) V^T)),  (Q, K, V) = W_in x + b"
    source = "Fu et al. 2023 (arXiv 2212.14052), section 3.1, algorithm 1"

    d_head: Count = 1
    d_state: Count = 16
    d_shift: Annotated[int, Bounds(low=1, high=8)] = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        check_d_state(self.spec_name(), self.d_state)

    def build(self, site: Site) -> "H3Mixer":
        if site.d_model % self.d_head:
            raise UserError(f"h3.d_head: expected a divisor of d_model={site.d_model}, got {self.d_head}")
        return H3Mixer(self, site)


class H3Mixer(SequenceMixer):
    """The H3 layer; the step form keeps the last keys and one complex number an entry of K V^T and mode.

    The skip weight that a state space model has is C_0 for the shift; the S4D of a head has one of its own.
    """

    def __init__(self, spec: H3, site: Site) -> None:
        super().__init__()
        self.spec, generator = spec, site.generator
        self.num_heads = site.d_model // spec.d_head
        self.to_qkv = linear(site.d_model, 3 * site.d_model, generator)
        # C_0 last, as the convolution wants it.
        self.shift = nn.Parameter(uniform((site.d_model, spec.d_shift), spec.d_shift**-0.5, generator))
        self.ssm = DiagonalSSM(self.num_heads, spec.d_state, generator)
        self.to_out = linear(site.d_model, site.d_model, generator, scale=site.depth**-0.5)
        self.size = site.d_model * (spec.d_head * spec.d_state + spec.d_shift - 1)

    def forward(self, x: Float[Tensor, "b t m"]) -> Float[Tensor, "b t m"]:
        q, k, v = self.to_qkv(x).chunk(3, dim=-1)
        k = self.tapped("convolution", kernels.causal_conv1d(k, self.shift, silu=False))
        if self.taps:
            q, k, v = (self._tapped_part(*part) for part in (("queries", q), ("keys", k), ("values", v)))
        # The entries of a head share its kernel, so they are rows of the batch.
        products = self._products(k, v)
        remembered = self.ssm(rearrange(products, "b t i j h -> (b i j) t h"))
        memory = rearrange(remembered, "(b i j) t h -> b t i j h", i=self.spec.d_head, j=self.spec.d_head)
        read = self._read(q, memory)
        if "mixed" in self.taps:
            # The skip of S4D is no memory; it is taken out for the tap only, as a product of its own costs time.
            own = self._read(q, self.ssm.skip(products))
            read = self._tapped_part("mixed", read - own) + own
        return self.to_out(self.tapped_heads("heads", read, self.num_heads))

    @property
    def short_filter(self) -> nn.Parameter | None:
        return self.shift

    def initial_state(self, batch: int) -> State:
        channels, width = self.shift.shape
        entries = self.spec.d_head**2
        memory = rearrange(self.ssm.initial_state(batch * entries), "(b ij) h n -> b ij h n", ij=entries)
        return {"recent": self.shift.new_zeros(batch, width - 1, channels), "memory": memory}

    def step(self, x: Float[Tensor, "b m"], state: State) -> tuple[Float[Tensor, "b m"], State]:
        q, k, v = self.to_qkv(x).chunk(3, dim=-1)
        k, recent = kernels.causal_conv1d_step(state["recent"], k, self.shift, silu=False)
        products = rearrange(self._products(k, v), "b i j h -> (b i j) h")
        remembered, memory = self.ssm.step(products, state["memory"].flatten(0, 1))
        read = self._read(q, rearrange(remembered, "(b i j) h -> b i j h", i=self.spec.d_head, j=self.spec.d_head))
        return self.to_out(read), {"recent": recent, "memory": rearrange(memory, "(b ij) h n -> b ij h n", b=len(x))}

    def state_size(self, length: int) -> int:
        return self.size

    def _tapped_part(self, name: str, part: Float[Tensor, "b t m"]) -> Float[Tensor, "b t m"]:
        """A tap sees heads before tokens, as in other mixers."""
        return part if name not in self.taps else join_heads(self.tapped(name, split_heads(part, self.num_heads)))

    def _products(self, k: Float[Tensor, "*b m"], v: Float[Tensor, "*b m"]) -> Float[Tensor, "*b c c h"]:
        """K V^T of each head."""
        k, v = (rearrange(part, "... (h c) -> ... c h", h=self.num_heads) for part in (k, v))
        return k.unsqueeze(-2) * v.unsqueeze(-3)

    def _read(self, q: Float[Tensor, "*b m"], memory: Float[Tensor, "*b c c h"]) -> Float[Tensor, "*b m"]:
        """M^T Q of each head, heads beside each other."""
        q = rearrange(q, "... (h c) -> ... c 1 h", h=self.num_heads)
        return rearrange((q * memory).sum(-3), "... c h -> ... (h c)")
