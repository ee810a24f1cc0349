"""The gated recurrent unit: an LSTM with one state and two gates (Cho et al. 2014).

    h_t = z_t * h_{t-1} + (1 - z_t) * tanh(W x_t + b + r_t * (U h_{t-1} + b'))

The gates z and r are sigmoids of an affine map of x_t and h_{t-1}. As torch and cuDNN have it, r_t comes after U.

b batch   t num_tokens   m d_model
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import pad

from icl_lab.models.initialisation import linear, uniform
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class GRU(MixerSpec):
    """One GRU layer as wide as the model, and a map from its output into the residual stream.

    Weights and biases start as torch's do, U(-1/sqrt(d_model), 1/sqrt(d_model)).
    """

    formula = "h_t = z_t * h_{t-1} + (1 - z_t) * tanh(W x_t + r_t * U h_{t-1});  W_out h_t"
    source = "Cho et al. 2014, arXiv 1406.1078"

    def build(self, site: Site) -> "GRUMixer":
        return GRUMixer(site)


class GRUMixer(PiecewiseMixer):
    """The GRU by torch's fused layer; the state is its output."""

    def __init__(self, site: Site) -> None:
        super().__init__()
        m, bound, generator = site.d_model, site.d_model**-0.5, site.generator
        # Gates lie beside each other as in torch: reset, update, new.
        self.input_weight = nn.Parameter(uniform((3 * m, m), bound, generator))
        self.recurrent_weight = nn.Parameter(uniform((3 * m, m), bound, generator))
        self.bias = nn.Parameter(uniform((3 * m,), bound, generator))
        self.reset_bias = nn.Parameter(uniform((m,), bound, generator))  # b', inside the reset gate
        self.to_out = linear(m, m, generator, bias="none", scale=site.depth**-0.5)

    def initial_state(self, batch: int) -> State:
        return {"output": self.bias.new_zeros(batch, self.to_out.in_features)}

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        # torch adds a second bias everywhere; only in the new value it is not the same as the first.
        second = pad(self.reset_bias, (2 * len(self.reset_bias), 0))
        weights = [self.input_weight, self.recurrent_weight, self.bias, second]
        outputs, output = torch.gru(x, state["output"][None], weights, True, 1, 0.0, self.training, False, True)
        outputs = self.tapped_heads("heads", outputs, outputs.shape[-1])
        return self.to_out(outputs), {"output": output[0]}

    def state_size(self, length: int) -> int:
        return self.to_out.in_features
