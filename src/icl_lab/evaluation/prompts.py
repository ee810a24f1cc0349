"""Held-out prompts: where they come from, and the same ones in larger batches."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import Task

SHARED = ("queries", "starts")
"""Tensors of a batch that all its prompts have in common."""


def evaluation_prompts(seed: int) -> Stream:
    """Where held-out prompts come from; training draws from the disjoint `Stream(seed).child("train", "prompts")`."""
    return Stream(seed).child("evaluate", "prompts")


def held_out(task: Task, *, num_prompts: int, stream: Stream, batch: int = 64) -> Iterator[PromptBatch]:
    """Batches of held-out prompts, `num_prompts` in all; a pure function of the arguments, the batch size included."""
    if num_prompts < 1 or batch < 1:
        raise UserError(f"evaluation: expected at least 1 prompt and a batch of at least 1, got {num_prompts}, {batch}")
    for step, start in enumerate(range(0, num_prompts, batch)):
        prompts = task.asked(task.sample(stream, step, batch))
        yield prompts.rows(slice(0, min(batch, num_prompts - start)))


def joined(batches: Iterable[PromptBatch], size: int) -> Iterator[PromptBatch]:
    """The same prompts in the same order, neighbouring batches put together up to `size` prompts.

    Batches that ask at other places, or whose prompts have another length, stay apart.
    """
    held: list[PromptBatch] = []
    for prompts in batches:
        full = sum(part.batch for part in held) + prompts.batch > size
        if held and (full or not _alike(held[0], prompts)):
            yield _concatenated(held)
            held = []
        held.append(prompts)
    if held:
        yield _concatenated(held)


def asked_at(prompts: PromptBatch, columns: Int[Tensor, " some"]) -> PromptBatch:
    """The same prompts with some of their questions, for a network: without the examples that a baseline reads."""
    branches = prompts.branches
    return replace(
        prompts,
        queries=prompts.queries[columns],
        targets=prompts.targets[:, columns],
        scored=prompts.scored[:, columns],
        examples=None,
        branches=branches and replace(branches, starts=branches.starts[columns], tokens=branches.tokens[:, columns]),
    )


def _alike(one: PromptBatch, other: PromptBatch) -> bool:
    starts = [None if prompts.branches is None else prompts.branches.starts for prompts in (one, other)]
    same_starts = starts[0] is starts[1] or (None not in starts and torch.equal(starts[0], starts[1]))  # type: ignore[arg-type]
    same_shape = one.tokens.shape[1:] == other.tokens.shape[1:] and torch.equal(one.queries, other.queries)
    return same_shape and same_starts


def _concatenated(parts: list[Any]) -> Any:
    """Batches, or the examples or branches of batches, as one."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    changes: dict[str, Any] = {}
    for field in fields(first):
        values = [getattr(part, field.name) for part in parts]
        if is_dataclass(values[0]):
            changes[field.name] = _concatenated(values)
        elif isinstance(values[0], Tensor) and field.name not in SHARED:
            changes[field.name] = torch.cat(values)
    return replace(first, **changes)
