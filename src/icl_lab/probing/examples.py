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

    A token is the x or the y of example i if it holds that in every prompt of the batch. What comes between, such as
    intermediate results, belongs to the example before it. Where the tokens are no vectors of examples, every token is
    an example of its own.
    """
    tokens, examples = prompts.tokens, prompts.examples
    if examples is None or tokens.ndim != 3:
        return torch.arange(tokens.shape[1])
    stored = examples.xs.shape[1] if examples.num_stored is None else examples.num_stored
    width = tokens.shape[2]
    xs, ys = (
        pad(part[:, :stored], width).to(tokens) if _fits(part, width) else None for part in (examples.xs, examples.ys)
    )
    asked = set() if prompts.branches is not None else set(prompts.queries.tolist())
    found, current, following = [], NONE, 0
    for t, token in enumerate(tokens.unbind(1)):
        # Layouts go through the examples in order, so only the next x can begin one.
        if xs is not None and following < stored and torch.equal(token, xs[:, following]):
            current, following = following, following + 1
        elif not token.any() or (t in asked and not (ys is not None and _is_label(token, ys, current))):
            found.append(NONE)
            continue
        found.append(current)
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


def _fits(part: Tensor, width: int) -> bool:
    return part.is_floating_point() and (part.ndim == 2 or part.shape[2] <= width)


def _is_label(token: Float[Tensor, "b d"], ys: Float[Tensor, "b l d"], current: int) -> bool:
    return current != NONE and torch.equal(token, ys[:, current])
