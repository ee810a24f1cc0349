"""MLP-Mixer over tokens, made causal: a control with neither recurrence nor attention (Tolstikhin et al. 2021).

    L_2 GELU(L_1 X + b_1) + b_2,   L_1 and L_2 lower triangular, tokens by tokens, the same for all channels

What is read from which token is fixed by training; it does not depend on the prompt. So a prompt has a longest length,
and nothing can be forgotten: the step form keeps all inputs.

b batch   t num_tokens   m d_model   p num_positions
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import gelu

from icl_lab.core.bounds import Count
from icl_lab.core.errors import UserError
from icl_lab.models.mixers.base import MIXERS, MixerSpec, PiecewiseMixer, Site, State


@MIXERS.register
@dataclass(frozen=True, kw_only=True)
class MLPMixer(MixerSpec):
    """A hidden layer across tokens, as wide as there are positions; follow it with a channel mixer.

    Args:
        num_positions: Tokens of the longest prompt; longer ones are refused. Weights grow with its square. By default
            as many as the prompts in training have.
    """

    formula = "L_2 GELU(L_1 X + b_1) + b_2, L_1 and L_2 lower triangular"
    source = "Tolstikhin et al. 2021, arXiv 2105.01601, equation 1; causal here"

    num_positions: Count | None = None

    @property
    def max_tokens(self) -> int | None:
        return self.num_positions

    def for_prompts(self, num_tokens: int) -> "MLPMixer":
        return self if self.num_positions else self.replace(num_positions=num_tokens)

    def build(self, site: Site) -> "MLPMixerMixer":
        if self.num_positions is None:
            raise UserError("mlp_mixer.num_positions: expected a number where no task gives the prompts, got none")
        return MLPMixerMixer(self.num_positions, site)


class MLPMixerMixer(PiecewiseMixer):
    """Two triangular maps across tokens; the state is the inputs and hidden values of all tokens so far."""

    def __init__(self, num_positions: int, site: Site) -> None:
        super().__init__()
        self.num_positions, self.d_model = num_positions, site.d_model
        # Only what is on and below the diagonal, row after row, so that a shorter prompt reads the first numbers.
        self.to_hidden = nn.Parameter(triangle(num_positions, 1.0, site.generator))
        self.to_out = nn.Parameter(triangle(num_positions, site.depth**-0.5, site.generator))
        self.hidden_bias = nn.Parameter(torch.zeros(num_positions, 1))
        self.out_bias = nn.Parameter(torch.zeros(num_positions, 1))

    def initial_state(self, batch: int) -> State:
        nothing = self.to_hidden.new_zeros(batch, 0, self.d_model)
        return {"inputs": nothing, "hidden": nothing}

    def extend(self, x: Float[Tensor, "b t m"], state: State) -> tuple[Float[Tensor, "b t m"], State]:
        """As for every mixer.

        Raises:
            UserError: There are more tokens than positions.
        """
        inputs = torch.cat([state["inputs"], x], dim=1)
        first, last = inputs.shape[1] - x.shape[1], inputs.shape[1]
        if last > self.num_positions:
            raise UserError(
                f"mlp_mixer: has {self.num_positions} positions, got a prompt of {last} tokens; "
                f"build it with num_positions={last} or more"
            )
        new = gelu(rows(self.to_hidden, first, last) @ inputs + self.hidden_bias[first:last])
        hidden = torch.cat([state["hidden"], new], dim=1)
        outputs = rows(self.to_out, first, last) @ hidden + self.out_bias[first:last]
        return outputs, {"inputs": inputs, "hidden": hidden}

    def state_size(self, length: int) -> int:
        return 2 * length * self.d_model


def triangle(size: int, scale: float, generator: torch.Generator) -> Float[Tensor, " entries"]:
    """A lower triangle, row after row; row i from U(-1, 1) * scale / sqrt(i + 1), as it reads i + 1 tokens."""
    row, _ = torch.tril_indices(size, size)
    return torch.empty(len(row)).uniform_(-scale, scale, generator=generator) * (row + 1) ** -0.5


def rows(entries: Float[Tensor, " entries"], first: int, last: int) -> Float[Tensor, "t columns"]:
    """Rows `first` to `last` - 1 of a lower triangle, with `last` columns.

    >>> rows(torch.arange(1.0, 11.0), 1, 3)
    tensor([[2., 3., 0.],
            [4., 5., 6.]])
    """
    row, column = torch.tril_indices(last - first, last, offset=first, device=entries.device)
    matrix = entries.new_zeros(last - first, last)
    return matrix.index_put((row, column), entries[first * (first + 1) // 2 : last * (last + 1) // 2])
