"""Hyena: gates and long convolutions in turn, with filters that a small network draws (Poli et al. 2023).

    (v, x^1 ... x^N) = short convolutions of W x + b
    z^1 = v,   z^{n+1}_t = x^n_t sum_{s <= t} h^n_{t-s} z^n_s,   y = W_out z^{N+1} + b_out                  (eq. 4)
    h_l = exp(-a l / T) FFN(l / T, cos(2 pi j l / T), sin(2 pi j l / T); j = 1 ... J)                       (eq. 7)

The paper measures lags in lengths of the prompt. Here T is a setting, so that a filter depends on the lag alone: an
output is the same in a prompt and in any longer one.

b batch   t num_tokens   s tokens with those before   l lags   m d_model   o order (N in the paper)
"""

import math
from dataclasses import dataclass
from typing import Annotated

import torch
from einops import rearrange
from jaxtyping import Float, Int64
from torch import Tensor, nn

from icl_lab import kernels
from icl_lab.core.bounds import Bounds, Count, Positive
from icl_lab.models.initialisation import linear, normal, uniform
from icl_lab.models.long_convolution import convolve
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State

# a of the first and last channel, as released: a window has shrunk to 1% after 1.5 T, or already after 0.3 T.
SLOWEST, FASTEST = math.log(100) / 1.5, math.log(100) / 0.3
OPEN = 14  # units of time until even the slowest window lets less than 1e-18 through, which no sum notices


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class Hyena(MixerSpec):
    """Long implicit convolutions with a gate after each; its step form keeps their inputs while the window is open.

    Args:
        order: Long convolutions, and gates. The released code leaves out the first of them.
        d_conv: Tokens that the short convolutions see, the token's own included.
            Both as in the paper's models.
        d_filter: Width of the network that draws the filters, which has three hidden layers; table A.4.
        num_frequencies: Cosines and sines of the lag that it reads: of 1, 2, ... turns in a unit of time. Two, as in
            the released settings of associative recall, suit short prompts.
        sine: Frequency of the network's sines at the start. 10 is that of the same settings, 14 that of the language
            models (table A.4). Every layer multiplies by it: with 14, and 16 frequencies, the first step of our small
            recipe leaves nothing of the filters, and 800 steps learn nothing on prompts of 42 tokens.
        time_scale: Tokens in the unit of time of the filters; about the length of a prompt, or a few times as many.
            Nothing is read from more than 14 of these units ago.
    """

    formula = "z^{n+1} = x^n * (h^n conv z^n),  h_l = exp(-a l / T) FFN(features of l / T)"
    source = "Poli et al. 2023 (arXiv 2302.10866), definition 3.1 and section 3.3"

    order: Count = 2
    d_conv: Annotated[int, Bounds(low=1, high=8)] = 3
    d_filter: Count = 64
    num_frequencies: Count = 2
    sine: Positive = 10.0
    time_scale: Count = 128

    def build(self, site: Site) -> "HyenaMixer":
        return HyenaMixer(self, site)


class HyenaMixer(PiecewiseMixer):
    """The Hyena operator; the state grows with the prompt as attention's does, until the windows have shut."""

    def __init__(self, spec: Hyena, site: Site) -> None:
        super().__init__()
        self.spec, self.d_model, generator = spec, site.d_model, site.generator
        self.longest = OPEN * spec.time_scale
        channels = (spec.order + 1) * site.d_model
        self.in_proj = linear(site.d_model, channels, generator)
        self.conv_weight = nn.Parameter(uniform((channels, spec.d_conv), spec.d_conv**-0.5, generator))
        self.conv_bias = nn.Parameter(uniform((channels,), spec.d_conv**-0.5, generator))
        self.filter = ImplicitFilter(spec, site)
        self.skip = nn.Parameter(normal((spec.order, site.d_model), 1.0, generator))
        self.out_proj = linear(site.d_model, site.d_model, generator, scale=site.depth**-0.5)

    @property
    def short_filter(self) -> nn.Parameter | None:
        return self.conv_weight

    def initial_state(self, batch: int) -> State:
        channels, width = self.conv_weight.shape
        nothing = self.skip.new_zeros(batch, 0, self.d_model)
        inputs = {f"inputs_{n}": nothing for n in range(self.spec.order)}
        return {"recent": self.skip.new_zeros(batch, width - 1, channels), **inputs}

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        projected, recent = kernels.causal_conv1d(
            self.in_proj(x),
            self.conv_weight,
            self.conv_bias,
            silu=False,
            initial_state=state["recent"],
            return_state=True,
        )
        projected = self.tapped("convolution", projected)
        z, *gates = projected.chunk(self.spec.order + 1, dim=-1)
        z = self.tapped("values", z)
        filters = self.filter(min(state["inputs_0"].shape[1] + x.shape[1], self.longest))
        after = {"recent": recent}
        for n, gate in enumerate(gates):
            inputs = torch.cat([state[f"inputs_{n}"], z], dim=1)
            after[f"inputs_{n}"] = inputs[:, -(self.longest - 1) :]
            z = gate * (last_outputs(inputs, filters[n], x.shape[1]) + self.skip[n].to(z.dtype) * z)
        z = self.tapped("mixed", z)
        return self.out_proj(self.tapped_heads("heads", z, self.d_model)), after

    def state_size(self, length: int) -> int:
        channels, width = self.conv_weight.shape
        return channels * (width - 1) + self.spec.order * min(length, self.longest - 1) * self.d_model


class ImplicitFilter(nn.Module):
    """The filters of all long convolutions, as a function of the lag: a network with sines, times a decay."""

    def __init__(self, spec: Hyena, site: Site) -> None:
        super().__init__()
        self.spec, generator = spec, site.generator
        widths = [1 + 2 * spec.num_frequencies, spec.d_filter, spec.d_filter]
        self.hidden = nn.ModuleList(linear(width, spec.d_filter, generator) for width in widths)
        self.sine = nn.Parameter(torch.full((spec.d_filter,), spec.sine))
        self.to_filters = linear(spec.d_filter, spec.order * site.d_model, generator, bias="none")

    def forward(self, count: int) -> Float[Tensor, "o l m"]:
        """Their values at the lags 0 ... count - 1."""
        with torch.autocast(self.sine.device.type, enabled=False):
            lags = torch.arange(count, device=self.sine.device)
            values = self.features(lags)
            for layer in self.hidden:
                values = torch.sin(self.sine * layer(values))
            filters = rearrange(self.to_filters(values), "l (o m) -> o l m", o=self.spec.order)
            rates = torch.linspace(SLOWEST, FASTEST, filters.shape[-1], dtype=filters.dtype, device=lags.device)
            return filters * torch.exp(-torch.outer(lags.to(rates.dtype) / self.spec.time_scale, rates))

    def features(self, lags: Int64[Tensor, " l"]) -> Float[Tensor, "l features"]:
        """Time, and cosines and sines of 1, 2, ... turns a unit of it; none of 0 turns, which the biases are."""
        turns = torch.arange(1, self.spec.num_frequencies + 1, device=lags.device)
        # Whole turns are left out while numbers are whole: angles at large lags would lose all their digits.
        angles = (torch.outer(lags, turns) % self.spec.time_scale).to(self.sine.dtype)
        angles = 2 * math.pi / self.spec.time_scale * angles
        time = lags.to(self.sine.dtype).unsqueeze(-1) / self.spec.time_scale
        return torch.cat([time, angles.cos(), angles.sin()], dim=-1)


def last_outputs(inputs: Float[Tensor, "b s m"], kernel: Float[Tensor, "l m"], count: int) -> Float[Tensor, "b t m"]:
    """The last `count` outputs of the causal convolution of `inputs` with a kernel that may be shorter."""
    lags, total = len(kernel), inputs.shape[1]
    if count > 1:
        return convolve(inputs, nn.functional.pad(kernel, (0, 0, 0, total - lags)))[:, -count:]
    with torch.autocast(inputs.device.type, enabled=False):
        output = torch.einsum("blm,lm->bm", inputs[:, -lags:].to(kernel.dtype), kernel.flip(0))
    return output.to(inputs.dtype).unsqueeze(1)
