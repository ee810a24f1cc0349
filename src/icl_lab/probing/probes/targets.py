"""What probes look for in the residual stream at a query: numbers that a method of learning would need on its way.

f functions   q queries   d dim   n numbers of a target
"""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.least_squares import solve
from icl_lab.probing.questions import Questions

Target = Callable[[Questions, int], Float[Tensor, "functions queries numbers"]]
"""Makes a target from questions and the number of examples before each query."""


def answer(questions: Questions, shown: int) -> Float[Tensor, "f q 1"]:
    """The label of the query, which the model is trained to say."""
    return questions.answers[..., None].double()


def weights(questions: Questions, shown: int) -> Float[Tensor, "f q d"]:
    """Least squares' w of the examples so far, the same for all queries of a function (Akyurek et al. 2023, 5.1)."""
    w = solve(questions.xs[:, :shown].double(), questions.ys[:, :shown].double())
    return w[:, None].expand(-1, questions.num_queries, -1)


def residual_after(examples: int) -> Target:
    """What is left of the label when least squares on the first examples has had its say."""

    def residual(questions: Questions, shown: int) -> Float[Tensor, "f q 1"]:
        some = min(examples, shown)
        w = weights(questions, some)
        return (questions.answers.double() - (questions.queries.double() * w).sum(-1))[..., None]

    return residual


def query(questions: Questions, shown: int) -> Float[Tensor, "f q d"]:
    """The query itself, which is there at the start and need not be there at the end."""
    return questions.queries.double()


def usual_targets(dim: int) -> Mapping[str, Target]:
    """The targets of `icl probe`, by name.

    Args:
        dim: Of x; residuals are taken after half as many examples, where least squares knows half of w.
    """
    half = max(1, dim // 2)
    return {"label": answer, "weights": weights, f"residual after {half}": residual_after(half), "query": query}


def standardised(values: Float[Tensor, "f q n"]) -> Float[Tensor, "rows n"]:
    """Targets as rows, every number with mean 0 and variance 1; one that never varies stays 0."""
    rows = values.flatten(0, 1)
    spread = rows.std(0, correction=0)
    return torch.where(spread > 0, (rows - rows.mean(0)) / torch.where(spread > 0, spread, 1.0), 0.0)
