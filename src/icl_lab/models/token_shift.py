"""RWKV's token shift: every map reads a mixture of the token and the one before it, channel by channel.

b batch   t num_tokens   m d_model
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def previous_tokens(x: Float[Tensor, "b t m"], last: Float[Tensor, "b m"]) -> Float[Tensor, "b t m"]:
    """The token before each one; `last` before the first."""
    return torch.cat([last[:, None], x[:, :-1]], dim=1)


class TokenShift(nn.Module):
    """Mixtures of a token and the one before it.

    Attributes:
        fraction: Of the token's own value, a row a mixture; the rest is the previous token's.
    """

    def __init__(self, fractions: Float[Tensor, "mixtures m"]) -> None:
        super().__init__()
        self.fraction = nn.Parameter(fractions)

    def initial_state(self, batch: int) -> Float[Tensor, "b m"]:
        """The token before the first: zeros."""
        return self.fraction.new_zeros(batch, self.fraction.shape[1])

    def forward(self, x: Float[Tensor, "b t m"], last: Float[Tensor, "b m"]) -> tuple[Float[Tensor, "b t m"], ...]:
        """One sequence a mixture."""
        previous = previous_tokens(x, last)
        change = x - previous
        return tuple(torch.addcmul(previous, change, fraction) for fraction in self.fraction)


def channel_places(d_model: int) -> Float[Tensor, " m"]:
    """The place of each channel in the width, from 0 to below 1; the authors start mixtures as powers of it."""
    return torch.arange(d_model) / d_model
