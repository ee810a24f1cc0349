"""The errors of one predictor on held-out prompts.

p num_prompts   l length: prediction i is asked after i examples
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import nn

from icl_lab.baselines.base import Baseline
from icl_lab.core.errors import UserError
from icl_lab.core.predictor import Predictor
from icl_lab.core.prompts import PromptBatch
from icl_lab.evaluation.prompts import asked_at, joined
from icl_lab.tasks.base import Task

TOGETHER = 256
"""Prompts that a baseline reads at a time, and a network on branches: there the time goes into the number of calls."""

Kind = Literal["model", "baseline", "oracle"]
Device = torch.device | str | None


@dataclass(frozen=True)
class Errors:
    """The errors of one predictor, prompt by prompt.

    Args:
        label: The predictor's.
        kind: Whether it was trained (`"model"`), fits each prompt anew (`"baseline"`), or knows of the prompt what no
            learner is told (`"oracle"`).
        seed: Of its training; 0 for a baseline.
        values: The task's metric in float64. NaN where no prediction is scored or this predictor was not asked,
            infinite where it was not a number.
        scored: Where a prediction is scored.
        asked: The points of the curve at which it was asked, where these are not all of them.
        seconds: What all its predictions took.
    """

    label: str
    kind: Kind
    seed: int
    values: Float[np.ndarray, "num_prompts length"]
    scored: Bool[np.ndarray, "num_prompts length"]
    asked: tuple[int, ...] | None = None
    seconds: float = 0.0

    @cached_property
    def filled(self) -> Float[np.ndarray, "num_prompts length"]:
        """The errors with every prompt's own straight lines between the points at which the predictor was asked.

        What is summed over the curve is summed over these: a predictor that was asked less often is compared with the
        others over the same points, and the mean of the lines is the line between the means.
        """
        return self.values if self.asked is None else fill(self.values, self.scored)


def fill(
    values: Float[np.ndarray, "num_prompts length"], scored: Bool[np.ndarray, "num_prompts length"]
) -> Float[np.ndarray, "num_prompts length"]:
    """Values where a prediction is scored, interpolated linearly where the value is NaN; level before the first value.

    Beside an infinite value everything up to the next one is infinite.
    """
    points = np.arange(values.shape[1])
    filled = np.full_like(values, np.nan)
    for row, known, target in zip(filled, values, scored, strict=True):
        there = np.flatnonzero(~np.isnan(known))
        if not there.size:
            continue
        infinite = np.isinf(known[there])
        row[target] = np.interp(points, there, np.where(infinite, 0.0, known[there]))[target]
        if infinite.any():
            row[target & (np.interp(points, there, infinite.astype(float)) > 0)] = np.inf
    return filled


def evaluate(
    predictor: Predictor,
    task: Task,
    batches: Iterable[PromptBatch],
    *,
    asked: Sequence[int] | None = None,
    device: Device = None,
    seed: int = 0,
) -> Errors:
    """Errors of one predictor on given prompts, without gradients and in evaluation mode.

    Args:
        predictor: A network or a baseline; a network is expected on `device` and is left in the mode it came in.
        task: Where the prompts come from; its `error` is what is measured.
        batches: The prompts; see `evaluation/prompts.py`.
        asked: Points at which a baseline that refits is asked; all by default, and always all for everyone else.
        device: Where the prompts are put before a network reads them. Baselines read them where they were made.
        seed: Of the predictor's training.
    """
    baseline = predictor if isinstance(predictor, Baseline) else None
    shown = tuple(asked) if asked is not None and baseline is not None and baseline.refits else None
    begin = time.perf_counter()
    values, scored = [], []
    with torch.no_grad(), evaluation_mode(predictor):
        for prompts in _as_read_by(predictor, batches):
            here = prompts if baseline is not None else prompts.to(device=device)
            predictions = _predictions(predictor, here, shown)
            values.append(measured(task, predictions, here, shown, who=predictor.label))
            scored.append(prompts.scored.cpu().numpy())
    return Errors(
        label=predictor.label,
        kind="model" if baseline is None else "oracle" if baseline.is_oracle else "baseline",
        seed=seed,
        values=np.concatenate(values),
        scored=np.concatenate(scored),
        asked=shown,
        seconds=time.perf_counter() - begin,
    )


@contextmanager
def evaluation_mode(predictor: object) -> Iterator[None]:
    """Put a network in evaluation mode and give every part of it its own mode back."""
    modes = {part: part.training for part in predictor.modules()} if isinstance(predictor, nn.Module) else {}
    for part in modes:
        part.training = False
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training


def measured(
    task: Task,
    predictions: torch.Tensor,
    prompts: PromptBatch,
    asked: Sequence[int] | None = None,
    who: str = "the predictor",
) -> Float[np.ndarray, "batch length"]:
    """The task's errors in float64; NaN where nothing is scored or asked, infinite where a prediction is no number.

    Raises:
        UserError: The predictions are not of the shape that the task asks for.
    """
    _refuse_other_shape(task, predictions, prompts, who)
    errors = task.error(predictions, prompts)
    # NaN means "not asked": a prediction that is not a number must not vanish from the mean.
    values = torch.where(errors.isnan() & prompts.scored, torch.inf, errors).double().cpu().numpy()
    if asked is not None:
        left_out = np.ones(values.shape[1], dtype=bool)
        left_out[list(asked)] = False
        values[:, left_out] = np.nan
    return values


def _refuse_other_shape(task: Task, predictions: torch.Tensor, prompts: PromptBatch, who: str) -> None:
    asked = (prompts.batch, prompts.length)
    wanted: set[tuple[int, ...]] = {asked if task.d_output == 1 else (*asked, task.d_output)}
    # Training may ask for more numbers than evaluation; the answer alone will do. A symbol is no answer, scores are.
    if prompts.targets.is_floating_point():
        wanted.add(tuple(prompts.targets.shape))
    if tuple(predictions.shape) not in wanted:
        numbers = predictions.shape[2] if predictions.ndim == 3 else 1
        one, got = ("number" if count == 1 else "numbers" for count in (task.d_output, numbers))
        raise UserError(
            f"{who}: {task.spec_name()} asks for {task.d_output} {one} at each of {prompts.length} places, got "
            f"{numbers} {got} at {predictions.shape[1]}; give it the sizes of this task"
        )


def _predictions(
    predictor: Predictor, prompts: PromptBatch, shown: Sequence[int] | None
) -> Float[torch.Tensor, "batch length *outputs"]:
    """Predictions in float64; a question that no prompt scores is not asked where that saves something."""
    scored = prompts.scored.any(0)
    if isinstance(predictor, Baseline):
        asked = range(prompts.length) if shown is None else shown
        wanted = [i for i in asked if scored[i]] or list(asked)
        return _spread(predictor.predict(prompts, wanted), wanted, prompts.length)
    if prompts.branches is None or scored.all() or not scored.any():
        return predictor.predict(prompts).double()
    columns = scored.nonzero()[:, 0]
    return _spread(predictor.predict(asked_at(prompts, columns)).double(), columns.tolist(), prompts.length)


def _as_read_by(predictor: Predictor, batches: Iterable[PromptBatch]) -> Iterable[PromptBatch]:
    if isinstance(predictor, Baseline):
        return joined(batches, TOGETHER)
    if isinstance(predictor, nn.Module):
        kept = list(batches)
        return joined(kept, TOGETHER) if any(prompts.branches is not None for prompts in kept) else kept
    return batches


def _spread(
    answers: Float[torch.Tensor, "batch queries *outputs"], asked: Sequence[int], length: int
) -> Float[torch.Tensor, "batch length *outputs"]:
    """Answers at some points as predictions at all, with zeros at the others, which are then not looked at."""
    predictions = answers.new_zeros(answers.shape[0], length, *answers.shape[2:])
    predictions[:, list(asked)] = answers
    return predictions
