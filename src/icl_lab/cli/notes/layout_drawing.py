"""The layout of a task, drawn as text from one really sampled prompt: what each token holds, and where is asked.

Nothing here knows any task: a token that holds an input or a label is found by comparing it with the prompt's examples.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import Task
from icl_lab.tasks.parts.layout import pad

SHORT = 3
"""Examples in the prompt that is drawn, where the task can be so short."""
MOST = 12
"""Tokens that are drawn."""
NUMBERS = 4
"""Numbers of a vector that are written out."""


@dataclass(frozen=True)
class TokenNote:
    """One token of a prompt, or of a branch beside it.

    Args:
        token: Its place; for a branch, how many tokens of the prompt are read before it.
        holds: Its content in words, or the symbol.
        numbers: The first numbers of a vector; empty for a symbol.
        asked: What is asked here; empty where nothing is.
    """

    token: str
    holds: str
    numbers: str
    asked: str


def layout(task: Task) -> list[TokenNote]:
    """The first tokens of a short prompt of a task, as it is asked at evaluation."""
    short = _shortened(task)
    prompts = short.asked(short.sample(Stream(0, ("describe",)), 0, 1))
    notes = list(_tokens(prompts))
    left = prompts.tokens.shape[1] - len(notes)
    if left > 0:
        notes.append(TokenNote("...", f"{left} more", "", ""))
    return notes + list(_branches(prompts))


def _shortened(task: Task) -> Task:
    for length in range(min(SHORT, task.length), task.length):
        try:
            return task.replace(length=length)
        except UserError:
            continue
    return task


def _tokens(prompts: PromptBatch) -> Iterator[TokenNote]:
    asked = {} if prompts.branches else {int(token): i for i, token in enumerate(prompts.queries)}
    for place, token in enumerate(prompts.tokens[0][:MOST]):
        question = _question(prompts, asked[place]) if place in asked else ""
        yield TokenNote(str(place), _holds(prompts, place), _numbers(token), question)


def _branches(prompts: PromptBatch) -> Iterator[TokenNote]:
    branches = prompts.branches
    for i in range(min(SHORT, prompts.length) if branches else 0):
        assert branches is not None
        token = branches.tokens[0, i]
        more = f", then its own output {branches.feed_back} times" if branches.feed_back else ""
        holds = f"a question beside the prompt{more}" if token.ndim else f"{int(token)}, beside the prompt{more}"
        yield TokenNote(f"+{int(branches.starts[i])}", holds, _numbers(token), _question(prompts, i))


def _holds(prompts: PromptBatch, place: int) -> str:
    token = prompts.tokens[0, place]
    if token.ndim == 0:
        return f"symbol {int(token)}"
    if not token.any():
        return "zeros"
    for i, (x, y) in enumerate(_examples(prompts), start=1):
        width = len(token)
        if _same(token, x, width):
            return f"x_{i}"
        if _same(token, y, width):
            return f"y_{i}"
        if len(x) + len(y) <= width and _same(token, torch.cat([x, y]), width):
            return f"x_{i}, y_{i}"
    return "a vector"


def _examples(prompts: PromptBatch) -> Iterator[tuple[Tensor, Tensor]]:
    examples = prompts.examples
    if examples is not None:
        for x, y in zip(examples.xs[0], examples.ys[0], strict=True):
            yield x, y.reshape(-1)


def _same(token: Tensor, part: Tensor, width: int) -> bool:
    return len(part) <= width and torch.equal(token, pad(part[None, None], width)[0, 0].to(token.dtype))


def _question(prompts: PromptBatch, i: int) -> str:
    """What prediction i is, and whether it counts."""
    target = prompts.targets[0, i]
    wanted = f"symbol {int(target)}" if not target.is_floating_point() else _numbers(target.reshape(-1))
    return f"prediction {i}: {wanted}" if prompts.scored[0, i] else f"prediction {i}, not scored"


def _numbers(token: Tensor) -> str:
    if token.ndim == 0:
        return ""
    first = " ".join(f"{value:5.2f}" for value in token[:NUMBERS].tolist())
    return first + (f" ... ({len(token)})" if len(token) > NUMBERS else "")
