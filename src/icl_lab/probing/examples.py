"""Which tokens belong to which example, whatever the layout.

b batch   t num_tokens   l length
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from icl_lab.core.prompts import PromptBatch
from icl_lab.tasks.parts.layout import pad

NONE = -1
"""The example of a token that belongs to none: a question, or filler."""


def example_of_tokens(prompts: PromptBatch) -> Int[Tensor, " t"]:
    """The index of the example that each token is a part of; `NONE` for questions and filler.

    A token is the x or the y of an example if it holds that in every prompt of the batch. What lies between the two,
    such as intermediate results, belongs to the example as well. Where tokens are no vectors of examples, every token
    is an example of its own.
    """
    tokens, examples = prompts.tokens, prompts.examples
    if examples is None or tokens.ndim != 3:
        return torch.arange(tokens.shape[1])
    stored = examples.xs.shape[1] if examples.num_stored is None else examples.num_stored
    xs, ys = (_as_tokens(part[:, :stored], tokens) for part in (examples.xs, examples.ys))
    found, current, begun = [], NONE, False
    for token in tokens.unbind(1):
        # Layouts go through the examples in order, so only the next x can begin one.
        if current + 1 < stored and torch.equal(token, xs[:, current + 1]):
            current, begun = current + 1, True
            found.append(current)
            continue
        found.append(current if begun else NONE)
        begun = begun and not torch.equal(token, ys[:, current])
    return torch.tensor(found)


def by_example(
    matrix: Float[Tensor, "*batch queries t"], example_of_token: Int[Tensor, " t"]
) -> Float[Tensor, "*batch queries examples"]:
    """Sums over the tokens of each example; what belongs to none is left out.

    >>> by_example(torch.ones(1, 5), torch.tensor([0, 0, 1, 1, -1])).tolist()
    [[2.0, 2.0]]
    """
    count = int(example_of_token.max()) + 1 if len(example_of_token) else 0
    members = example_of_token[:, None] == torch.arange(max(count, 0))
    return matrix @ members.to(matrix)


def _as_tokens(part: Float[Tensor, "b l *outputs"], tokens: Float[Tensor, "b t d"]) -> Float[Tensor, "b l d"]:
    """Inputs or labels as tokens hold them; NaN, which equals nothing, where they are too wide."""
    width = tokens.shape[2]
    if part.ndim == 3 and part.shape[2] > width:
        return tokens.new_full((*part.shape[:2], width), torch.nan)
    return pad(part, width).to(tokens)
