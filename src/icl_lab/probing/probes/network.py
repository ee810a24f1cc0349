"""A probe with one hidden layer of ReLUs, trained by Adam: several of them side by side, for all seeds at once.

p probes   r rows   m activations   h hidden   n numbers of a target
"""

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.streams import Stream

HIDDEN = 32
STEPS = 200
RATE = 0.01
DECAY = 1e-2
"""Hidden units, steps of AdamW on all rows but those that are kept back, its learning rate and weight decay."""
EVERY = 10
"""Steps between two looks at the last quarter of the rows, which are kept back: the probe is as it did best on them."""


def fit_and_predict(
    x: Float[Tensor, "p r m"], y: Float[Tensor, "p r n"], asked: Float[Tensor, "p others m"], stream: Stream
) -> Float[Tensor, "p others n"]:
    """Train each probe on rows of its own and predict at others; deterministic, in float32.

    A probe that finds nothing stays at the mean, where it begins.

    Args:
        x: Activations.
        y: Targets, about standardised.
        asked: Activations at which the target is wanted.
        stream: Draws the initial weights.
    """
    mean, spread = x.mean(1, keepdim=True), x.std(1, keepdim=True, correction=0)
    spread = torch.where(spread > 1e-12 * spread.amax(), spread, 1.0)
    inputs, others = (((part - mean) / spread).float() for part in (x, asked))
    generator = stream.torch_generator()
    first, bias, second, shift = layers = [
        torch.randn(len(x), x.shape[2], HIDDEN, generator=generator) * (2 / x.shape[2]) ** 0.5,
        torch.zeros(len(x), 1, HIDDEN),
        torch.randn(len(x), HIDDEN, y.shape[2], generator=generator) * HIDDEN**-0.5,
        torch.zeros(len(x), 1, y.shape[2]),
    ]
    for layer in layers:
        layer.requires_grad_()
    optimiser = torch.optim.AdamW(layers, lr=RATE, weight_decay=DECAY)
    targets, kept = y.float(), max(1, 3 * x.shape[1] // 4)

    def outputs(at: Float[Tensor, "p rows m"]) -> Float[Tensor, "p rows n"]:
        return torch.relu(at @ first + bias) @ second + shift

    middle = targets[:, :kept].mean(1, keepdim=True)
    best = (targets[:, kept:] - middle).square().mean((1, 2))
    answers = middle.expand(-1, asked.shape[1], -1).clone()
    for step in range(1, STEPS + 1):
        optimiser.param_groups[0]["lr"] = RATE * (1 - (step - 1) / STEPS)
        optimiser.zero_grad()
        with torch.enable_grad():
            # A sum over probes: none of them has a part in another's gradient.
            torch.autograd.backward((outputs(inputs[:, :kept]) - targets[:, :kept]).square().mean((1, 2)).sum())
        optimiser.step()
        if step % EVERY == 0:
            with torch.no_grad():
                loss = (outputs(inputs[:, kept:]) - targets[:, kept:]).square().mean((1, 2))
                better = loss < best
                best = torch.where(better, loss, best)
                answers = torch.where(better[:, None, None], outputs(others), answers)
    return answers.double()
