"""Errors of a network while something inside it is changed, as fractions of the zero predictor's.

b batch   l length   o d_output   p num_prompts
"""

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import pad

from icl_lab.core.prompts import EVALUATION_BATCH, PromptBatch
from icl_lab.core.records import Record
from icl_lab.core.streams import Stream
from icl_lab.evaluation.errors import evaluation_mode, measured
from icl_lab.evaluation.prompts import asked_at, joined
from icl_lab.evaluation.statistics import RESAMPLES, Interval, Weights, mean_error_interval, resample
from icl_lab.models.network import Network
from icl_lab.tasks.base import Task

_FIRST = slice(0, 1)


def as_sequences(network: Network, prompts: PromptBatch) -> Float[Tensor, "b l *outputs"]:
    """What `network.predict` gives, without the step form, in which no activation is captured or replaced.

    A question beside the prompt is read as a prompt of its own: the tokens before it, then its token.
    """
    branches = prompts.branches
    if branches is None:
        return network.predict(prompts)
    fill = (0, network.spec.d_token - network.spec.d_output)
    outputs = []
    for i, start in enumerate(branches.starts.tolist()):
        tokens = torch.cat([prompts.tokens[:, :start], branches.tokens[:, i, None]], dim=1)
        output = network(tokens)[:, -1:]
        for _ in range(branches.feed_back):
            tokens = torch.cat([tokens, pad(output, fill)], dim=1)
            output = network(tokens)[:, -1:]
        outputs.append(output)
    together = torch.cat(outputs, dim=1)
    return rearrange(together, "b l 1 -> b l") if network.spec.d_output == 1 else together


def late(prompts: PromptBatch) -> PromptBatch:
    """The prompts with the last quarter of their scored questions alone, at least one: where examples were shown."""
    scored = prompts.scored.any(0).nonzero()[:, 0]
    return asked_at(prompts, scored[-max(1, len(scored) // 4) :])


def one_question(prompts: PromptBatch, query: int | None) -> tuple[int, PromptBatch]:
    """The prompts with one question alone, and its index; the last that is scored where none is named."""
    index = int(prompts.scored.any(0).nonzero()[-1, 0]) if query is None else query % prompts.length
    return index, asked_at(prompts, torch.tensor([index], device=prompts.queries.device))


def fractions_of_zero(network: Network, task: Task, prompts: PromptBatch) -> Float[np.ndarray, "p l"]:
    """The error of each prediction over the zero predictor's, as the network is now."""
    with torch.no_grad(), evaluation_mode(network):
        return judged(task, as_sequences(network, prompts), prompts, network.label)


def judged(
    task: Task, predictions: Float[Tensor, "b l *outputs"], prompts: PromptBatch, who: str
) -> Float[np.ndarray, "p l"]:
    """The error of each prediction over the zero predictor's."""
    return measured(task, predictions, prompts, who=who) / task.zero_error


def drawn(task: Task, stream: Stream, step: int, batch: int) -> tuple[PromptBatch, bool]:
    """Prompts that are independent of each other, and whether they are; a pure function of the arguments.

    Where the prompts of a batch share a draw (the axes of skewed inputs, the deviation that labels are divided by),
    each is the first of a batch of its own: what is shared is as in training, and no two prompts have it in common. If
    these then differ in their layout, it is one batch after all.
    """
    if not task.shared_draws:
        return task.asked(task.sample(stream, step, batch)), True
    apart = (task.sample(stream, step * batch + i, EVALUATION_BATCH).rows(_FIRST) for i in range(batch))
    first, *more = joined(map(task.asked, apart), batch)
    return (task.asked(task.sample(stream, step, batch)), False) if more else (first, True)


def bootstrap(
    task: Task, num_prompts: int, seed: int, independent: bool | None = None, resamples: int = RESAMPLES
) -> Weights:
    """How often each prompt counts in each resample; no resample where the prompts share a draw.

    Args:
        task: Where the prompts come from.
        num_prompts: How many there are.
        seed: Of the resamples.
        independent: Whether they were drawn independently; by default as those of one batch of the task are.
        resamples: How many.
    """
    if not (not task.shared_draws if independent is None else independent):
        return np.empty((0, num_prompts))
    return resample(num_prompts, Stream(seed, ("probe", "bootstrap")).generator(), resamples)


def mean(fractions: Float[np.ndarray, "p l"], weights: Weights) -> Interval:
    """Mean over prompts and predictions with its interval over prompts."""
    return mean_error_interval(fractions, weights)


def record(
    interval: Interval,
    metric: str,
    *,
    run: str,
    label: str,
    task: Task,
    seed: int,
    num_prompts: int,
    block: int | None = None,
    about: str = "",
    shown: int | None = None,
) -> Record:
    """One row for a number with its interval; no interval where there was no resample."""
    low, high = (None if np.isnan(end) else float(end) for end in (interval.low, interval.high))
    return Record(
        run=run,
        predictor=label,
        task=task.spec_name(),
        metric=metric,
        value=float(interval.value),
        low=low,
        high=high,
        shown=shown,
        seed=seed,
        num_prompts=num_prompts,
        block=block,
        about=about,
    )
