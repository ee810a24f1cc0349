"""mLSTM: the matrix memory of xLSTM, with exponential input gates (Beck et al. 2024, section 2.3).

    C_t = f_t C_{t-1} + i_t k_t v_t^T,   n_t = f_t n_{t-1} + i_t k_t,   h_t = C_t^T q_t / max(|n_t.q_t|, 1)
    i_t = exp(a_t),   f_t = sigmoid(b_t)                  a_t and b_t one number a head, affine in x_t

exp(a_t) overflows, so C and n are kept divided by exp(m_t), m_t = max(log f_t + m_{t-1}, a_t) (equation 15 there); then
every factor is at most 1 and the recurrence is one with a decay.

b batch   t num_tokens   m d_model   h num_heads   c d_head = m / h
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from icl_lab.core.bounds import Count, Number
from icl_lab.kernels.recurrences import linear_recurrence
from icl_lab.models.heads import HeadNorm, join_heads, split_heads, width_of_head
from icl_lab.models.initialisation import linear
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State

EPSILON = 1e-6  # added to the divisor, as the authors do
LARGEST = 80.0  # logarithm of what is divided by: what is left is 0 after the norm, and e^80 still fits into float32


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class MLSTM(MixerSpec):
    """The matrix memory of xLSTM with its output gate and a norm of each head.

    Args:
        num_heads: Heads; a divisor of `d_model`. Four in xLSTM.
        input_bias: Mean of the biases of the input gates at the start. 0 and a spread of 0.1 are the released code's of
            the paper. -10 is xLSTM 7B's (Beck et al. 2025, arXiv 2503.13427), for long trainings: closed gates make
            outputs so small that 800 steps do not open them.
    """

    formula = "C_t = f_t C_{t-1} + i_t k_t v_t^T;  W_out (norm(C_t^T q_t / max(|n_t.q_t|, 1)) * sigmoid(W_o x))"
    source = "Beck et al. 2024 (arXiv 2405.04517), section 2.3"

    num_heads: Count = 4
    input_bias: Number = 0.0

    def build(self, site: Site) -> "MLSTMMixer":
        return MLSTMMixer(self, site)


class MLSTMMixer(PiecewiseMixer):
    """The mLSTM; the state is C with n as one more column, and the logarithm m of what both are divided by."""

    def __init__(self, spec: MLSTM, site: Site) -> None:
        super().__init__()
        self.spec, generator = spec, site.generator
        self.d_head = width_of_head(spec.spec_name(), site.d_model, spec.num_heads)
        self.to_q, self.to_k, self.to_v, self.to_gate = (
            linear(site.d_model, site.d_model, generator, bias="none") for _ in range(4)
        )
        # At the start gates do not look at their input; forget gates are open, more so from head to head.
        self.to_input, self.to_forget = (
            linear(site.d_model, spec.num_heads, generator, bias="zero", scale=0.0) for _ in range(2)
        )
        with torch.no_grad():
            self.to_input.bias.normal_(spec.input_bias, 0.1, generator=generator)
            self.to_forget.bias.copy_(torch.linspace(3.0, 6.0, spec.num_heads))
        self.norm = HeadNorm(self.d_head)
        self.to_out = linear(site.d_model, site.d_model, generator, bias="none", scale=site.depth**-0.5)

    def initial_state(self, batch: int) -> State:
        weight = self.to_q.weight
        return {
            "memory": weight.new_zeros(batch, self.spec.num_heads, self.d_head, self.d_head + 1),
            "scale": weight.new_zeros(batch, self.spec.num_heads),
        }

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        q, k, v = (split_heads(to(x), self.spec.num_heads) for to in (self.to_q, self.to_k, self.to_v))
        q, k, v = self.tapped("queries", q), self.tapped("keys", k), self.tapped("values", v)
        forget = self.tapped_decay(logsigmoid(self.to_forget(x).mT))
        write, log_decay, scale = stabilised(self.to_input(x).mT, forget, state["scale"])
        v = nn.functional.pad(v, (0, 1), value=1.0)
        o, memory = linear_recurrence(
            self.d_head**-0.5 * q,
            write.exp()[..., None].to(k) * k,
            v,
            log_decay.to(q),
            initial_state=state["memory"],
            return_state=True,
        )
        divisor = torch.maximum(o[..., -1:].abs(), (-scale).clamp(max=LARGEST).exp()[..., None].to(o)) + EPSILON
        mixed = self.norm(self.tapped("mixed", o[..., :-1] / divisor))
        heads = join_heads(mixed) * self.tapped("gate", self.to_gate(x).sigmoid())
        heads = self.tapped_heads("heads", heads, self.spec.num_heads)
        return self.to_out(heads), {"memory": memory, "scale": scale[:, :, -1].to(state["scale"])}

    def state_size(self, length: int) -> int:
        return self.spec.num_heads * (self.d_head * (self.d_head + 1) + 1)


def stabilised(
    write: Float[Tensor, "b h t"], log_decay: Float[Tensor, "b h t"], scale: Float[Tensor, "b h"]
) -> tuple[Float[Tensor, "b h t"], Float[Tensor, "b h t"], Float[Tensor, "b h t"]]:
    """Logarithms of gates after division by exp(m), in float64, and m.

    m_t = F_t + max(m_0, max_j<=t (a_j - F_j)) with F the running sum of the log decays. F may be large where its
    differences matter, hence float64; these are single numbers a head.

    Args:
        write: a, the logarithm of the input gate.
        log_decay: The logarithm of the forget gate.
        scale: m before the first token.

    Returns:
        Logarithms of the input and the forget gate, both at most 0, and m.
    """
    write, log_decay, before = write.double(), log_decay.double(), scale.double()[..., None]
    total = log_decay.cumsum(-1)
    highest = torch.maximum(before, (write - total).cummax(-1).values)
    m = total + highest
    last = torch.cat([before, m[..., :-1]], dim=-1)
    return (write - m).clamp(max=0), (log_decay + last - m).clamp(max=0), m
