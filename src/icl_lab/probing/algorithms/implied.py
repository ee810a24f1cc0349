"""The weights that a model's answers imply: its answers along the axes of x (Akyurek et al. 2023, section 4.1, ILWD).

Akyurek et al. fit w to answers at random inputs; along the axes, at the usual length of an input and at its opposite,
the odd half of the answers is w and the even half is what no linear function has.

l blocks   f functions   d dim
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.probing.questions import Questions


@dataclass(frozen=True)
class ImpliedWeights:
    """Weights implied by answers.

    Args:
        weights: `(blocks, functions, dim)`.
        even: Share of the answers' mean square that their even half has, `(blocks,)`: 0 for a linear function.
    """

    weights: Float[Tensor, "blocks functions dim"]
    even: Float[Tensor, " blocks"]


def axis_queries(questions: Questions) -> Float[Tensor, "functions twice_dim dim"]:
    """S e_1, ..., s e_d, -s e_1, ..., -s e_d with s the root mean square length of the inputs of all functions."""
    dim = questions.xs.shape[2]
    axes = length(questions) * torch.eye(dim, dtype=questions.xs.dtype)
    return torch.cat([axes, -axes]).expand(questions.num_functions, 2 * dim, dim)


def length(questions: Questions) -> float:
    """Root mean square length of the inputs."""
    return float(questions.xs.double().square().sum(-1).mean().sqrt())


def implied_weights(
    readings: Float[Tensor, "blocks functions twice_dim"], scale: Float[Tensor, "blocks functions"], size: float
) -> ImpliedWeights:
    """Weights from what was read off at `axis_queries`.

    Args:
        readings: In the order of the queries.
        scale: Of the read-out, for every block and function; its shift is even and drops out.
        size: Length of the queries.
    """
    dim = readings.shape[-1] // 2
    there, back = readings[..., :dim].double(), readings[..., dim:].double()
    odd, even = (there - back) / 2, (there + back) / 2
    parts = [part.square().mean((1, 2)) for part in (odd, even)]
    return ImpliedWeights(scale[..., None] * odd / size, parts[1] / (parts[0] + parts[1]).clamp(min=1e-300))
