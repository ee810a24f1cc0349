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
"""Hidden units, steps of Adam on all rows, learning rate, and how much weights are decoupled from it (AdamW)."""


def fit_and_predict(
    x: Float[Tensor, "p r m"], y: Float[Tensor, "p r n"], asked: Float[Tensor, "p others m"], stream: Stream
) -> Float[Tensor, "p others n"]:
    """Train each probe on rows of its own and predict at others; deterministic, in float32.

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
    targets = y.float()
    with torch.enable_grad():
        for step in range(STEPS):
            optimiser.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
            optimiser.zero_grad()
            # A sum over probes: none of them has a part in another's gradient.
            loss = (torch.relu(inputs @ first + bias) @ second + shift - targets).square().mean((1, 2)).sum()
            loss.backward()
            optimiser.step()
    with torch.no_grad():
        return (torch.relu(others @ first + bias) @ second + shift).double()
