"""Learning curves: the errors of every predictor on the same held-out prompts.

p num_prompts   l length: prediction i is asked after i examples
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import torch
from jaxtyping import Float, Int

from icl_lab.core.errors import UserError
from icl_lab.core.predictor import Predictor
from icl_lab.core.prompts import EVALUATION_BATCH, PromptBatch
from icl_lab.core.records import Record
from icl_lab.core.specs import digest
from icl_lab.core.streams import Stream
from icl_lab.evaluation.errors import Device, Errors, evaluate, measured
from icl_lab.evaluation.points import milestones, thinned
from icl_lab.evaluation.prompts import evaluation_prompts, held_out
from icl_lab.evaluation.references import refuse_other_task
from icl_lab.evaluation.statistics import LEVEL, RESAMPLES, Interval, Weights, mean_interval, resample
from icl_lab.tasks.base import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUM_PROMPTS = 1280
"""As both papers evaluate: 20 batches of 64."""
BATCH = EVALUATION_BATCH


@dataclass(frozen=True)
class Curves:
    """The learning curves of several predictors on the same prompts.

    Args:
        task: Where the prompts came from.
        seed: Of the evaluation prompts and the bootstrap.
        errors: One entry a predictor and training seed, in the order given.
        zero: Errors of the predictor that always says zero, on the same prompts.
        shift: Change of the prompts against training, as records name it; empty for none.
        refused: Label -> why that predictor cannot read these prompts.
        batch: Prompts drawn together; those of one batch may share a draw.
    """

    task: Task
    seed: int
    errors: tuple[Errors, ...]
    zero: Float[np.ndarray, "num_prompts length"]
    shift: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    batch: int = BATCH

    @property
    def num_prompts(self) -> int:
        """Prompts behind every mean."""
        return self.zero.shape[0]

    def scored_prompts(self, shown: int) -> int:
        """Prompts behind the mean at one point of the curve: those in which something is scored there."""
        return int(self._scored_prompts[shown])

    @cached_property
    def _scored_prompts(self) -> Int[np.ndarray, " length"]:
        return (~np.isnan(self.zero)).sum(axis=0)

    @property
    def num_draws(self) -> int:
        """Independent draws behind every mean: the prompts, or their batches where those of a batch share a draw."""
        return -(-self.num_prompts // self.batch) if self.task.shared_draws else self.num_prompts

    @property
    def labels(self) -> tuple[str, ...]:
        """The predictors that answered, each once, in order."""
        return tuple(dict.fromkeys(errors.label for errors in self.errors))

    @property
    def milestones(self) -> tuple[int, ...]:
        """The points of the curve that tables hold."""
        return milestones(self.task, self._scored_prompts)

    def of(self, label: str) -> tuple[Errors, ...]:
        """All trainings of one predictor.

        Raises:
            UserError: None has this label.
        """
        found = tuple(errors for errors in self.errors if errors.label == label)
        if not found:
            raise UserError(f"no learning curve of {label!r}: there are {', '.join(self.labels)}")
        return found

    def mean_over_seeds(self, label: str) -> Float[np.ndarray, "num_prompts length"]:
        """Errors of one predictor averaged over its trainings, prompt by prompt, at every point that is scored."""
        return np.mean([errors.filled for errors in self.of(label)], axis=0)

    def weights(self, resamples: int = RESAMPLES) -> Weights:
        """Bootstrap weights of these prompts: the same for every predictor and at every call.

        Prompts that share a draw are resampled together. A single draw says nothing of the next one: there are then no
        resamples, and intervals are NaN.
        """
        if self.num_draws == 1:
            return np.empty((0, self.num_prompts))
        generator = Stream(self.seed).child("evaluate", "bootstrap").generator()
        drawn = resample(self.num_draws, generator, resamples)
        if not self.task.shared_draws:
            return drawn
        return np.repeat(drawn, self.batch, axis=1)[:, : self.num_prompts]

    def frame(self, level: float = LEVEL) -> pl.DataFrame:
        """One row a predictor, training seed and number of examples asked after, with the interval over prompts."""
        weights = self.weights()
        rows = [
            {"predictor": errors.label, "seed": errors.seed, "shown": shown, "error": value, "low": low, "high": high}
            for errors in self.errors
            for shown, value, low, high in points(mean_interval(errors.values, weights, level))
        ]
        schema = {"predictor": pl.String, "seed": pl.Int64, "shown": pl.Int64}
        return pl.DataFrame(rows, schema=schema | dict.fromkeys(("error", "low", "high"), pl.Float64))

    def records(self, runs: Mapping[tuple[str, int], str] | None = None) -> list[Record]:
        """Everything a comparison reports of these curves, as rows; see `evaluation/scores.py`.

        Args:
            runs: (label, training seed) -> digest of the run; without one, of what can be known here.
        """
        from icl_lab.evaluation.scores import records

        return records(self, runs or {})

    def run_of(self, label: str, seed: int) -> str:
        """A digest that tells predictors apart where no training run is known."""
        return digest({"task": self.task.to_json(), "predictor": label, "seed": seed})

    def plot(self) -> "Figure":
        """The learning curves as a matplotlib figure, drawn as on the page."""
        # Imported when a picture is asked for: whoever wants numbers needs no matplotlib.
        from icl_lab.report.comparison.figures import plot_records

        kinds = {errors.label: errors.kind for errors in self.errors}
        task = self.task
        return plot_records(
            self.records(), metric=task.metric, kinds=kinds, complement=task.objective.complement, axis=task.axis
        )


def points(interval: Interval) -> Iterator[tuple[int, float, float, float]]:
    """(shown, value, low, high) along a curve, where predictions are asked."""
    for shown in np.flatnonzero(~np.isnan(interval.value)):
        yield int(shown), *interval.at(int(shown))


def learning_curve(
    predictors: Sequence[Predictor],
    task: Task,
    num_prompts: int = NUM_PROMPTS,
    seed: int = 0,
    *,
    seeds: Sequence[int] | None = None,
    batch: int = BATCH,
    device: Device = None,
    shift: str = "",
) -> Curves:
    """Learning curves of models and baselines on the same held-out prompts.

    Args:
        predictors: What to compare. Trainings of one model that differ by their seed share its label.
        task: Where the prompts come from.
        num_prompts: Held-out prompts.
        seed: Of the held-out prompts.
        seeds: Training seed of each predictor; all 0 by default.
        batch: Prompts drawn together; part of their address.
        device: Where networks are.
        shift: What `task` changes against training; a predictor that cannot read such prompts is then no error but
            one of `Curves.refused`. See `evaluation/shifts.py`.

    Raises:
        UserError: Two predictors have the same label and training seed, so that their rows could not be told apart. Or
            a predictor cannot read these prompts, answers something else than the task asks for, or is a baseline that
            was told of other prompts (under a shift it keeps what it was told of those of training).
    """
    trained = _checked_names(predictors, seeds)
    for predictor in predictors if not shift else ():
        refuse_other_task(predictor, task)
    batches = list(held_out(task, num_prompts=num_prompts, stream=evaluation_prompts(seed), batch=batch))
    zero = np.concatenate([measured(task, zeros(task, prompts), prompts) for prompts in batches])
    scored = (~np.isnan(zero)).sum(axis=0)
    asked = thinned(scored > 0, milestones(task, scored))
    answered: list[Errors] = []
    refused: dict[str, str] = {}
    for predictor, seed_ in zip(predictors, trained, strict=True):
        try:
            answered.append(evaluate(predictor, task, batches, asked=asked, device=device, seed=seed_))
        except UserError as refusal:
            if not shift:
                raise
            refused[predictor.label] = str(refusal).removeprefix(f"{predictor.label}: ")
    return Curves(task, seed, tuple(answered), zero, shift, refused, batch)


def zeros(task: Task, prompts: PromptBatch) -> Float[torch.Tensor, "batch length *outputs"]:
    """What the predictor that always says zero says."""
    outputs = () if task.d_output == 1 else (task.d_output,)
    return torch.zeros(prompts.batch, prompts.length, *outputs, dtype=torch.float64)


def _checked_names(predictors: Sequence[Predictor], seeds: Sequence[int] | None) -> list[int]:
    """The training seed of each predictor, once every pair of label and seed is known to be there only once."""
    trained = list(seeds) if seeds is not None else [0] * len(predictors)
    if not predictors or len(trained) != len(predictors):
        raise UserError(
            f"curves: expected predictors and a training seed for each, got {len(predictors)}, {len(trained)}"
        )
    names = [(predictor.label, seed) for predictor, seed in zip(predictors, trained, strict=True)]
    for label, seed in names:
        if names.count((label, seed)) > 1:
            raise UserError(
                f"two predictors are called {label!r} with training seed {seed}: give `seeds` or other labels"
            )
    return trained
