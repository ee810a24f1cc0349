"""The attention that a mixer implies: the matrix M of what a head reads, o = M v, with everything but v held fixed.

Softmax attention has it by definition; for linear recurrences see Dao & Gu 2024 (arXiv 2405.21060, section 3) and, for
Mamba, Ali et al. 2024 (arXiv 2403.01590, equation 10). The skip D u beside a state space is no part of it, nor is the
mixing of a short convolution before it; Hyena's skip is lag 0 of its filter. Column s is what is read when the value of
token s is 1 and all others are 0, so that it is found for any mixer whose reading is linear in its values, whatever its
formula.

b batch   t num_tokens   m d_model   h heads   c width of a head   e channels
"""

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.models.mixers.base import SequenceMixer
from icl_lab.probing.activations.tapping import tapping

TOGETHER = 2**24
"""Numbers in the unit values that are read at once: 64 MiB in float32."""


def implied_attention(mixer: SequenceMixer, x: Float[Tensor, "b t m"]) -> Float[Tensor, "b h t t"]:
    """How much of the value of token s is in what each head reads at token t, `[:, :, t, s]`.

    Where a mixer has no heads, every channel is one.

    Raises:
        UserError: The mixer has no values in which what it reads is linear.
    """
    parts: dict[str, Tensor] = {}
    _read(mixer, x, parts, None)
    if not {"values", "mixed"} <= parts.keys():
        raise UserError("this mixer reads nothing that is linear in values; its Jacobian says what it depends on")
    values = parts["values"]
    by_head = values.ndim == 4
    num_tokens = x.shape[1]
    together = max(1, TOGETHER // values.numel())
    columns = []
    for tokens in torch.split(torch.arange(num_tokens, device=x.device), together):
        # One prompt more for every token whose value is 1: (token, batch) on the first axis.
        unit = values.new_zeros(len(tokens), *values.shape)
        at = unit.movedim(3 if by_head else 2, 1)
        at[torch.arange(len(tokens)), tokens] = 1.0
        many = x.expand(len(tokens), *x.shape).flatten(0, 1)
        _read(mixer, many, parts, unit.flatten(0, 1))
        read = rearrange(parts["mixed"], "(s b) ... -> s b ...", b=len(x))
        # All numbers of a head's value are read alike, so one of them says it.
        column = rearrange(read[..., 0], "s b h t -> b h t s") if by_head else rearrange(read, "s b t e -> b e t s")
        columns.append(column)
    return torch.cat(columns, dim=-1)


def _read(mixer: SequenceMixer, x: Float[Tensor, "b t m"], parts: dict[str, Tensor], values: Tensor | None) -> None:
    """Run a mixer, perhaps with other values, and note its values and what was read."""
    before = mixer.taps

    def value(own: Tensor) -> Tensor:
        own = before["values"](own) if "values" in before else own
        parts["values"] = own
        return own if values is None else values

    def mixed(read: Tensor) -> Tensor:
        parts["mixed"] = read.clone()
        return before["mixed"](read) if "mixed" in before else read

    with tapping(mixer, {**before, "values": value, "mixed": mixed}):
        mixer.forward(x)
