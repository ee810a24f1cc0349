"""Questions: functions, examples of each, and further inputs that are asked about after the first k of them.

Each query comes after the examples alone: none sees another one, and all of them are asked after every k, so that what
changes with k is the examples and nothing else (Grazzi et al. 2024, appendix; their prompts are k pairs and one query).

f functions   n num_examples   q queries   d dim
"""

from dataclasses import dataclass, replace

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import Examples, PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import Task
from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.parts.layout import in_pairs, interleave


@dataclass(frozen=True)
class Questions:
    """Functions with examples and queries.

    Args:
        task: Where they come from.
        xs: Inputs of the examples, `(functions, num_examples, dim)`.
        ys: Their labels, `(functions, num_examples)`.
        queries: What is asked about, `(functions, queries, dim)`.
        answers: The labels there, `(functions, queries)`.
    """

    task: Task
    xs: Float[Tensor, "functions num_examples dim"]
    ys: Float[Tensor, "functions num_examples"]
    queries: Float[Tensor, "functions queries dim"]
    answers: Float[Tensor, "functions queries"]

    @property
    def num_functions(self) -> int:
        """Functions, each with a prompt of its own."""
        return self.xs.shape[0]

    @property
    def num_queries(self) -> int:
        """Queries after the examples of each function."""
        return self.queries.shape[1]

    @property
    def tokens(self) -> Float[Tensor, "functions num_tokens dim"]:
        """The examples as a model reads them."""
        return interleave(Examples(self.xs, self.ys)).tokens

    def functions(self, chosen: slice) -> "Questions":
        """Some of the functions."""
        parts = (self.xs[chosen], self.ys[chosen], self.queries[chosen], self.answers[chosen])
        return Questions(self.task, *parts)

    def asking(self, queries: Float[Tensor, "functions more dim"]) -> "Questions":
        """The same functions and examples with other queries, whose labels are not known: they are NaN."""
        return replace(self, queries=queries, answers=torch.full_like(queries[..., 0], torch.nan))

    def prompts(self, shown: int) -> PromptBatch:
        """A prompt for each query, `(functions queries)` of them: the first examples, then the query as one more.

        Whoever has no states to go on from is asked its last question.
        """
        shape = (self.num_functions, self.num_queries)
        xs = self.xs[:, None, :shown].expand(*shape, shown, self.xs.shape[2])
        ys = self.ys[:, None, :shown].expand(*shape, shown)
        xs = rearrange(torch.cat([xs, self.queries[:, :, None]], dim=2), "f q n d -> (f q) n d")
        ys = rearrange(torch.cat([ys, torch.nan_to_num(self.answers)[..., None]], dim=2), "f q n -> (f q) n")
        return interleave(Examples(xs, ys))


def can_be_asked(task: Task) -> bool:
    """Whether a task's prompts are examples of a function with one number a label, which more can be asked about."""
    if not isinstance(task, FunctionClass) or task.d_output != 1:
        return False
    return in_pairs(task.replace(queries=None).sample(Stream(0).child("layout"), step=0, batch=1))


def ask(task: Task, *, shown: int, queries: int, functions: int = 128, stream: Stream) -> Questions:
    """Draw questions; a pure function of the arguments.

    Functions are drawn apart, so that they are independent even where the prompts of a batch share a draw (the axes of
    skewed inputs), and the i-th function and its examples do not depend on how many there are.

    Args:
        task: Whose functions.
        shown: Examples of each function.
        queries: Queries after them.
        functions: How many.
        stream: Address of the randomness; another one than that of training.

    Raises:
        UserError: The task has no examples that more could be asked about, or a number is below one.
    """
    if not can_be_asked(task):
        raise UserError(f"{task.spec_name()}: has no pairs (x, y) of numbers that further queries could be asked about")
    if min(shown, queries, functions) < 1:
        raise UserError(f"questions: expected at least 1 of each, got {shown} {queries} {functions}")
    longer = task.replace(length=shown + queries, queries=None)
    drawn = [longer.sample(stream, step=i, batch=1).examples for i in range(functions)]
    xs = torch.cat([one.xs for one in drawn if one is not None])
    ys = torch.cat([one.ys for one in drawn if one is not None])
    return Questions(task, xs[:, :shown], ys[:, :shown], xs[:, shown:], ys[:, shown:])
