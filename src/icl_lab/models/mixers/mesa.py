"""MesaNet: every output is the prediction of the ridge regression of all values on all keys so far.

    H_t = g_t H_{t-1} + b_t k_t k_t^T,   G_t = g_t G_{t-1} + b_t k_t v_t^T,   o_t = G_t^T (H_t + Diag(lambda))^{-1} q_t

G is the transpose of the paper's; |k_t| = |q_t| = 1 (von Oswald et al. 2025, arXiv 2506.05233, section 3). Where the
paper takes conjugate gradient steps the equations are solved exactly here, for all heads of a batch side by side.

b batch   t num_tokens   m d_model   h num_heads   c d_head = m / h   n = b h
"""

from dataclasses import dataclass
from typing import Annotated, Any

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid, softplus

from icl_lab.core.bounds import Bounds, Count
from icl_lab.kernels.recurrences import linear_recurrence
from icl_lab.models.heads import HeadNorm, ShortConvolution, join_heads, split_heads, unit, width_of_head
from icl_lab.models.initialisation import inverse_softplus, linear
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State

SMALLEST_RIDGE = 0.25  # of lambda, which starts at 1; both as in the authors' code
TOGETHER = 16  # tokens whose equations are solved at once: few calls, and still in the cache


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class Mesa(MixerSpec):
    """Exact ridge regression in the state, with short convolutions before it and a norm after it.

    The gates g are nearly open at the start, more so from head to head, so that a prompt is not forgotten.

    Args:
        num_heads: Heads; a divisor of `d_model`. Work and state grow with the square of their width.
        d_conv: Tokens that the convolutions of queries and keys see, the token's own included.
    """

    formula = "o_t = G_t^T (H_t + Diag(lambda))^-1 q_t;  H_t = g_t H_{t-1} + b_t k_t k_t^T,  W_out norm(o_t)"
    source = "von Oswald et al. 2025 (arXiv 2506.05233), section 3"

    num_heads: Count = 4
    d_conv: Annotated[int, Bounds(low=1, high=8)] = 4

    def build(self, site: Site) -> "MesaMixer":
        return MesaMixer(self, site)


class MesaMixer(PiecewiseMixer):
    """Exact ridge regression; the state is H and G of every head and the last inputs of the convolutions."""

    def __init__(self, spec: Mesa, site: Site) -> None:
        super().__init__()
        self.spec, m, generator = spec, site.d_model, site.generator
        self.d_head = width_of_head(spec.spec_name(), m, spec.num_heads)
        self.to_qk = linear(m, 2 * m, generator, bias="none")
        self.to_v = linear(m, m, generator, bias="none")
        self.conv = ShortConvolution(2 * m, spec.d_conv, generator)
        self.to_keep = linear(m, spec.num_heads, generator, bias="zero")
        self.to_rate = linear(m, spec.num_heads, generator, bias="zero")
        with torch.no_grad():
            self.to_keep.bias.copy_(torch.linspace(3.0, 6.0, spec.num_heads))
        self.raw_ridge = nn.Parameter(inverse_softplus(torch.full((m,), 1.0 - SMALLEST_RIDGE)))
        self.norm = HeadNorm(self.d_head)
        self.to_out = linear(m, m, generator, bias="none", scale=site.depth**-0.5)

    @property
    def short_filter(self) -> nn.Parameter | None:
        return self.conv.weight

    def initial_state(self, batch: int) -> State:
        nothing = self.raw_ridge.new_zeros(batch, self.spec.num_heads, self.d_head, self.d_head)
        return {"recent": self.conv.initial_state(batch), "moments": nothing, "memory": nothing}

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        qk, recent = self.conv(self.to_qk(x), state["recent"])
        qk = self.tapped("convolution", qk)
        q, k = (unit(split_heads(part, self.spec.num_heads)) for part in qk.chunk(2, dim=-1))
        q, k = self.tapped("queries", q), self.tapped("keys", k)
        v = self.tapped("values", split_heads(self.to_v(x), self.spec.num_heads))
        ridge = rearrange(softplus(self.raw_ridge) + SMALLEST_RIDGE, "(h c) -> h c", h=self.spec.num_heads)
        rate = self.tapped("rate", self.to_rate(x).sigmoid().mT)
        log_decay = self.tapped_decay(logsigmoid(self.to_keep(x)).mT)
        o, moments, memory = ridge_predictions(q, k, v, rate, log_decay, ridge, state["moments"], state["memory"])
        heads = self.tapped_heads("heads", join_heads(self.norm(self.tapped("mixed", o))), self.spec.num_heads)
        return self.to_out(heads), {"recent": recent, "moments": moments, "memory": memory}

    def state_size(self, length: int) -> int:
        return 2 * self.spec.num_heads * (self.d_head**2 + self.d_head * (self.spec.d_conv - 1))


def ridge_predictions(
    q: Float[Tensor, "b h t c"],
    k: Float[Tensor, "b h t c"],
    v: Float[Tensor, "b h t v"],
    rate: Float[Tensor, "b h t"],
    log_decay: Float[Tensor, "b h t"],
    ridge: Float[Tensor, "h c"],
    moments: Float[Tensor, "b h c c"],
    memory: Float[Tensor, "b h c v"],
) -> tuple[Float[Tensor, "b h t v"], Float[Tensor, "b h c c"], Float[Tensor, "b h c v"]]:
    """Predict at every query from the keys and values up to it.

    Args:
        q: Inputs of the queries.
        k: Inputs of the examples.
        v: Their labels.
        rate: Weights of the examples.
        log_decay: Logarithm of what the weights of all earlier examples are multiplied by.
        ridge: Charge for each squared weight.
        moments: H before the first token.
        memory: G before the first token.

    Returns:
        The predictions, and H and G after the last token.
    """
    dtype, wide = q.dtype, torch.promote_types(q.dtype, torch.float32)
    q, k, v, rate, log_decay, ridge = (part.to(wide) for part in (q, k, v, rate, log_decay, ridge))
    with torch.no_grad():
        factors = _factors(k, rate, log_decay, ridge, moments.to(wide))
        solution = _columns(_solved(factors, _rows(q)), q)
    # One step of refinement. It carries the gradient of the solution too: that of A^-1 q is A^-1 (dq - dA solution).
    weighted = rate[..., None] * k
    product, moments = linear_recurrence(solution, weighted, k, log_decay, initial_state=moments, return_state=True)
    rest = q - product - ridge[:, None] * solution
    solution = solution + _Solve.apply(rest, factors)  # type: ignore[no-untyped-call]
    o, memory = linear_recurrence(solution, weighted, v, log_decay, initial_state=memory, return_state=True)
    return o.to(dtype), moments, memory


class _Solve(torch.autograd.Function):
    """A^-1 x for symmetric matrices A that are constants."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factors: Tensor) -> Tensor:
        ctx.save_for_backward(factors)
        return _columns(_solved(factors, _rows(x)), x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (factors,) = ctx.saved_tensors
        return _columns(_solved(factors, _rows(grad)), grad), None


def _rows(x: Float[Tensor, "b h t c"]) -> Float[Tensor, "t c n"]:
    """Equations beside each other on the last axis, where they are solved in step."""
    return rearrange(x, "b h t c -> t c (b h)").contiguous()


def _columns(x: Float[Tensor, "t c n"], like: Float[Tensor, "b h t c"]) -> Float[Tensor, "b h t c"]:
    return rearrange(x, "t c (b h) -> b h t c", b=len(like))


def _factors(
    k: Float[Tensor, "b h t c"],
    rate: Float[Tensor, "b h t"],
    log_decay: Float[Tensor, "b h t"],
    ridge: Float[Tensor, "h c"],
    moments: Float[Tensor, "b h c c"],
) -> Float[Tensor, "t c c n"]:
    """H_t + Diag(lambda) = L D L^T after every token: L below the diagonal, D on it."""
    keys, weighted = _rows(k), _rows(rate[..., None] * k)
    decay = rearrange(log_decay.exp(), "b h t -> t (b h)")
    H = rearrange(moments, "b h i j -> i j (b h)").contiguous()
    charge = ridge.repeat(len(k), 1).T
    A = keys.new_empty(len(keys), *H.shape)
    for i in range(len(keys)):
        H = torch.mul(decay[i], H, out=A[i]).addcmul_(weighted[i, :, None], keys[i])
    A.diagonal(dim1=1, dim2=2).add_(charge.T)
    for part in torch.split(A, TOGETHER):
        for j in range(A.shape[1] - 1):
            row = part[:, j, None, j + 1 :]
            part[:, j + 1 :, j] /= part[:, j, None, j]
            part[:, j + 1 :, j + 1 :].addcmul_(part[:, j + 1 :, None, j], row, value=-1)
    return A


def _solved(factors: Float[Tensor, "t c c n"], x: Float[Tensor, "t c n"]) -> Float[Tensor, "t c n"]:
    """Solve L D L^T y = x; `x` is written to."""
    for A, y in zip(torch.split(factors, TOGETHER), torch.split(x, TOGETHER), strict=True):
        for j in range(y.shape[1] - 1):
            y[:, j + 1 :].addcmul_(A[:, j + 1 :, j], y[:, j, None], value=-1)
        y /= A.diagonal(dim1=1, dim2=2).mT
        for j in reversed(range(1, y.shape[1])):
            y[:, :j].addcmul_(A[:, j, :j], y[:, j, None], value=-1)
    return x
