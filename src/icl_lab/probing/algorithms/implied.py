"""The weights that a model's answers imply: its answers along the axes of x (Akyurek et al. 2023, section 4.1, ILWD).

Akyurek et al. fit w to answers at random inputs; along the axes, at the usual length of an input and at its opposite,
the odd half of the answers is w and the even half is what no linear function has. Where the inputs are not isotropic,
such an axis may lie far outside them: what is answered there was never asked in training.

l blocks   f functions   d dim
"""

import math
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


def implied_weights(answers: Float[Tensor, "blocks functions twice_dim"], size: float) -> ImpliedWeights:
    """Weights from what blocks answer at `axis_queries`.

    Args:
        answers: In the order of the queries.
        size: Length of the queries.
    """
    dim = answers.shape[-1] // 2
    there, back = answers[..., :dim].double(), answers[..., dim:].double()
    odd, even = (there - back) / 2, (there + back) / 2
    parts = [part.square().mean((1, 2)) for part in (odd, even)]
    return ImpliedWeights(odd / size, parts[1] / (parts[0] + parts[1]).clamp(min=1e-300))


def outside(questions: Questions) -> float:
    """How many times as far out as inputs the axis queries lie: root mean squares of x^T C^-1 x with C = E[x x^T].

    C is that of each function, since each may have axes of its own; 1 for isotropic inputs. NaN where there are too few
    inputs of a function to say.
    """
    inputs = torch.cat([questions.xs, questions.queries], dim=1).double()
    count, dim = inputs.shape[1:]
    free = count - dim - 1
    if free < 1:
        return math.nan
    second = inputs.mT @ inputs / count
    # Where inputs do not vary at all an axis is out of their reach, not an error.
    floor = 1e-12 * second.diagonal(dim1=1, dim2=2).mean(1)[:, None, None] * torch.eye(dim)
    inverse = torch.linalg.inv(second + floor.to(second))
    # The mean of the inverse of a Wishart matrix is larger than the inverse of its mean by count / free.
    far = length(questions) ** 2 * inverse.diagonal(dim1=1, dim2=2).mean() * free / count
    return float((far / dim).sqrt())
