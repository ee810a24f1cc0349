"""A two-layer network trained from scratch on every prefix (Garg et al. 2022; Grazzi et al. 2024, figure 2b).

One network a prompt and prefix, all of one shape: they are trained side by side by batched matrix products, with the
gradients and Adam (Kingma & Ba 2015) written out.

n networks (prompts times prefixes)   e examples of a step   d dim, and one more that is always 1   h hidden
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from icl_lab.baselines.base import BASELINES, ExampleBaseline, chunks
from icl_lab.core.bounds import Count, Natural, Positive
from icl_lab.core.streams import Stream

CHUNK = 2**17  # activations of all hidden layers at once: 1 MiB stays in the cache of one core
BETAS, EPSILON = (0.9, 0.999), 1e-8  # of Adam, as PyTorch sets them


@BASELINES.register
@dataclass(frozen=True, kw_only=True)
class GradientDescentNetwork(ExampleBaseline):
    """A network with one hidden layer of ReLUs and biases, trained on the examples before the query by Adam.

    After i examples, the initial weights (uniform, of the size that PyTorch takes) and the order of the examples depend
    on `seed` and i alone. They are the same for every prompt: what is predicted for a prompt depends on nothing else.

    Args:
        hidden: Units between the two layers.
        steps: Steps of Adam.
        rate: Its learning rate.
        examples: Examples of a step, drawn without replacement; all while there are fewer.
        seed: Of the initial weights and the draws.
    """

    formula = "f = v.relu(W x + a) + b, trained from scratch on (x_j, y_j), j <= i"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 5"
    refits = True
    draws = True

    hidden: Count = 100
    steps: Count = 100
    rate: Positive = 5e-3
    examples: Count = 100
    seed: Natural = 0

    def predict_examples(
        self,
        xs: Float[Tensor, "batch length dim"],
        ys: Float[Tensor, "batch length"],
        queries: Float[Tensor, "batch length dim"],
        shown: Sequence[int],
    ) -> Float[Tensor, "batch queries"]:
        with_one = torch.cat([xs, xs.new_ones(*xs.shape[:2], 1)], dim=2)
        asked = torch.cat([queries, queries.new_ones(*queries.shape[:2], 1)], dim=2)
        return torch.cat([self._chunk(with_one, ys, asked, part) for part in self._parts(len(xs), shown)], dim=1)

    def _parts(self, batch: int, shown: Sequence[int]) -> Iterator[list[int]]:
        """The prefixes in groups that are trained side by side."""
        part: list[int] = []
        for i in shown:
            if part and batch * (len(part) + 1) * min(i, self.examples) * self.hidden > CHUNK:
                yield part
                part = []
            part.append(i)
        yield part

    def _chunk(
        self,
        xs: Float[Tensor, "batch length d"],
        ys: Float[Tensor, "batch length"],
        queries: Float[Tensor, "batch length d"],
        shown: list[int],
    ) -> Float[Tensor, "batch queries"]:
        batch, _, d = xs.shape
        orders, real = self._orders(shown)
        some = chunks(batch, real.numel() * self.hidden, CHUNK)
        if len(some) > 1:
            return torch.cat([self._chunk(xs[r], ys[r], queries[r], shown) for r in some])
        networks = Networks(self._initial(shown, d).repeat(batch, 1), d, self.hidden)
        weights = (real / real.sum(1, keepdim=True)).repeat(batch, 1)
        for step, chosen in enumerate(orders, start=1):
            inputs, labels = xs[:, chosen].flatten(0, 1), ys[:, chosen].flatten(0, 1)
            networks.step(inputs, labels, weights, self.rate, step)
        return networks.outputs(queries[:, shown].reshape(-1, 1, d)).reshape(batch, len(shown))

    def _initial(self, shown: list[int], d: int) -> Float[Tensor, "queries parameters"]:
        """Uniform within 1 / sqrt(inputs of the layer), biases too, as `torch.nn.Linear` draws them."""
        first, second = d * self.hidden, self.hidden + 1
        bounds = np.repeat([(d - 1) ** -0.5, self.hidden**-0.5], [first, second])
        draw = [self._stream("weights").generator(i).uniform(-bounds, bounds) for i in shown]
        return torch.from_numpy(np.stack(draw))

    def _orders(self, shown: list[int]) -> tuple[Int[Tensor, "steps queries e"], Bool[Tensor, "queries e"]]:
        """The examples of every step after each prefix, and which of them are there; padding points at example 0."""
        width = min(max(shown), self.examples)
        orders = np.zeros((self.steps, len(shown), width), dtype=np.int64)
        for place, i in enumerate(shown):
            if i <= self.examples:
                orders[:, place, :i] = np.arange(i)
            else:
                keys = self._stream("examples").generator(i).random((self.steps, i))
                orders[:, place] = np.argsort(keys, axis=1)[:, :width]  # the first of a random order
        return torch.from_numpy(orders), torch.arange(width) < torch.tensor(shown)[:, None]

    def _stream(self, what: str) -> Stream:
        return Stream(self.seed, ("baseline", self.spec_name(), what))


class Networks:
    """The weights of n networks and what Adam remembers of them.

    Args:
        parameters: W (with the biases as its last row), v and b of each network, one after the other.
        d: Numbers of an input, the 1 at its end included.
        hidden: Units of the hidden layer.
    """

    def __init__(self, parameters: Float[Tensor, "n parameters"], d: int, hidden: int) -> None:
        n = len(parameters)
        first, second, bias = torch.split(parameters, [d * hidden, hidden, 1], dim=1)
        self.layers = [first.reshape(n, d, hidden), second.reshape(n, hidden, 1), bias.reshape(n, 1, 1)]
        self.means = [torch.zeros_like(layer) for layer in self.layers]
        self.squares = [torch.zeros_like(layer) for layer in self.layers]

    def outputs(self, inputs: Float[Tensor, "n e d"]) -> Float[Tensor, "n e"]:
        """f(x) of every network at its own inputs."""
        first, second, bias = self.layers
        return torch.baddbmm(bias, torch.bmm(inputs, first).relu_(), second)[..., 0]

    def step(
        self,
        inputs: Float[Tensor, "n e d"],
        labels: Float[Tensor, "n e"],
        weights: Float[Tensor, "n e"],
        rate: float,
        step: int,
    ) -> None:
        """One step of Adam on the weighted mean of squared errors; `step` counts from 1."""
        first, second, bias = self.layers
        units = torch.bmm(inputs, first).relu_()
        slopes = 2 * weights[..., None] * (torch.baddbmm(bias, units, second) - labels[..., None])
        # Backwards through the ReLU in one pass: what comes from above where the unit is positive, else 0.
        below = torch.ops.aten.threshold_backward(torch.bmm(slopes, second.mT), units, 0)
        gradients = [torch.bmm(inputs.mT, below), torch.bmm(units.mT, slopes), slopes.sum(1, keepdim=True)]
        self._adam(gradients, rate, step)

    def _adam(self, gradients: list[Tensor], rate: float, step: int) -> None:
        fast, slow = BETAS
        for layer, gradient, mean, square in zip(self.layers, gradients, self.means, self.squares, strict=True):
            mean.lerp_(gradient, 1 - fast)
            square.mul_(slow).addcmul_(gradient, gradient, value=1 - slow)
            deviation = (square / (1 - slow**step)).sqrt_().add_(EPSILON)
            layer.addcdiv_(mean, deviation, value=-rate / (1 - fast**step))
