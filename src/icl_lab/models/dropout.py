"""Dropout of whole channels, drawn from a generator of its own.   b batch   t num_tokens   e channels."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from icl_lab.core.errors import UserError


class ChannelDropout(nn.Module):
    """Zeroes channels of a prompt, each for the whole length of it, while training; does nothing in evaluation.

    Source: the released code of S4D, Gu et al. 2022 (arXiv 2206.11893), ties the mask over time.

    Args:
        rate: Probability that a channel is zeroed; the others are scaled by 1 / (1 - rate).

    Attributes:
        generator: Draws the masks; `Network.reseed` sets it.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.generator: torch.Generator | None = None

    def forward(self, x: Float[Tensor, "b t e"]) -> Float[Tensor, "b t e"]:
        """The channels that are kept.

        Raises:
            UserError: The module is training and has no generator.
        """
        if not self.training or self.rate == 0:
            return x
        if self.generator is None:
            raise UserError(
                "dropout has no generator to draw from: call reseed(generator) on the network before training"
            )
        kept = torch.empty(x.shape[0], 1, x.shape[2], device=self.generator.device)
        kept.bernoulli_(1 - self.rate, generator=self.generator)
        # At rate 1 nothing is kept, and nothing times 1/0 must not become NaN.
        return x * (kept / max(1 - self.rate, torch.finfo(kept.dtype).tiny)).to(x)

    def extra_repr(self) -> str:
        """The rate, in the printed module."""
        return f"rate={self.rate}"
