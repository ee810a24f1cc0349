"""What an output depends on, by its derivatives: the form of hidden attention that every architecture has.

b batch   t num_tokens   m d_model   l answers
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.prompts import PromptBatch
from icl_lab.evaluation.errors import evaluation_mode
from icl_lab.models.mixers.base import SequenceMixer
from icl_lab.models.network import Network
from icl_lab.probing.activations import replaced
from icl_lab.probing.activations.grammar import EMBEDDING


def mixer_influence(
    mixer: SequenceMixer,
    x: Float[Tensor, "b t m"],
    *,
    directions: int | None = None,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "b t t"]:
    """The Frobenius norm of the Jacobian of output i by input j, `[:, i, j]`.

    Args:
        mixer: Any mixer.
        x: What it reads.
        directions: Random directions of the output in which it is estimated, without bias for its square; by default
            it is exact, at `d_model` backward passes a token.
        generator: Draws the directions; none is needed without them.
    """
    given = x.detach().clone().requires_grad_()
    with torch.enable_grad(), evaluation_mode(mixer):
        output = mixer.forward(given)
        squares = []
        for token in range(x.shape[1]):
            found = x.new_zeros(x.shape[:2])
            for direction in _directions(x, directions, generator):
                (grad,) = torch.autograd.grad((output[:, token] * direction).sum(), given, retain_graph=True)
                found = found + grad.square().sum(-1)
            squares.append(found if directions is None else found / directions)
    return torch.stack(squares, dim=1).sqrt()


def answer_influence(
    network: Network, prompts: PromptBatch, answers: Sequence[int] | None = None
) -> Float[Tensor, "b l t"]:
    """The norm of the gradient of answer i by the embedding of token j, `[:, i, j]`; of all numbers of an answer.

    Answers are the predictions at the prompt's own tokens: questions beside the prompt are asked about the token there.
    Each number of each answer is a backward pass.

    Args:
        network: A network; it is as it was afterwards.
        prompts: What it reads.
        answers: Which answers, by their index; all by default.
    """
    kept: list[Tensor] = []

    def with_gradient(value: Tensor) -> Tensor:
        kept.append(value.detach().clone().requires_grad_())
        return kept[-1]

    with torch.enable_grad(), evaluation_mode(network), replaced(network, {EMBEDDING: with_gradient}):
        output = network(prompts.tokens)
    found = []
    queries = prompts.queries.tolist()
    for query in queries if answers is None else [queries[i] for i in answers]:
        square = output.new_zeros(prompts.tokens.shape[:2])
        for number in range(output.shape[2]):
            (grad,) = torch.autograd.grad(output[:, query, number].sum(), kept[0], retain_graph=True)
            square = square + grad.square().sum(-1)
        found.append(square.sqrt())
    return torch.stack(found, dim=1)


def _directions(
    x: Float[Tensor, "b t m"], directions: int | None, generator: torch.Generator | None
) -> list[Float[Tensor, "#b m"]]:
    """All axes of the output, or random signs: E (J^T r)(J^T r)^T = J^T J."""
    if directions is None:
        return list(torch.eye(x.shape[2], dtype=x.dtype, device=x.device)[:, None])
    assert generator is not None, "random directions come from a generator"
    signs = torch.randint(2, (directions, len(x), x.shape[2]), generator=generator).to(x) * 2 - 1
    return list(signs)
