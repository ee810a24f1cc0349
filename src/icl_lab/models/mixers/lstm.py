"""Long short-term memory, the recurrence of the years before attention (Hochreiter & Schmidhuber 1997).

    c_t = f_t * c_{t-1} + i_t * g_t,   h_t = o_t * tanh(c_t),   (i, f, g, o) = W x_t + U h_{t-1} + b

i, f and o through a sigmoid, g through tanh. A control: the state is fed through a nonlinearity at every token, so that
nothing of it can be computed for all tokens at once.

b batch   t num_tokens   m d_model
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from icl_lab.models.initialisation import linear, uniform
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class LSTM(MixerSpec):
    """One LSTM layer as wide as the model, and a map from its output into the residual stream.

    Weights start as torch's do, U(-1/sqrt(d_model), 1/sqrt(d_model)); the biases of forget gates start at 1, so that
    memory is kept at first (Jozefowicz et al. 2015).
    """

    formula = "c_t = f_t * c_{t-1} + i_t * tanh(g_t);  W_out (o_t * tanh(c_t))"
    source = "Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 2000"

    def build(self, site: Site) -> "LSTMMixer":
        return LSTMMixer(site)


class LSTMMixer(PiecewiseMixer):
    """The LSTM by torch's fused layer; the state is its output and its cell."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        m, bound = site.d_model, site.d_model**-0.5
        self.input_weight = nn.Parameter(uniform((4 * m, m), bound, site.generator))
        self.recurrent_weight = nn.Parameter(uniform((4 * m, m), bound, site.generator))
        # Gates lie beside each other as in torch: input, forget, cell, output.
        self.bias = nn.Parameter(torch.cat([torch.zeros(m), torch.ones(m), torch.zeros(2 * m)]))
        self.to_out = linear(m, m, site.generator, bias="none", scale=site.depth**-0.5)

    def initial_state(self, batch: int) -> State:
        nothing = self.bias.new_zeros(batch, self.to_out.in_features)
        return {"output": nothing, "cell": nothing}

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        before = [state["output"][None], state["cell"][None]]
        # torch adds a second bias; one is enough.
        weights = [self.input_weight, self.recurrent_weight, self.bias, torch.zeros_like(self.bias)]
        outputs, output, cell = torch.lstm(x, before, weights, True, 1, 0.0, self.training, False, True)
        outputs = self.tapped_heads("heads", outputs, outputs.shape[-1])
        return self.to_out(outputs), {"output": output[0], "cell": cell[0]}

    def state_size(self, length: int) -> int:
        return 2 * self.to_out.in_features
