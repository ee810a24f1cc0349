"""Learning curves: the errors of every predictor on the same held-out prompts.

p num_prompts   l length: prediction i is asked after i examples
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
import torch
from jaxtyping import Float
from torch import nn

from icl_lab.baselines.base import Baseline
from icl_lab.core.errors import UserError
from icl_lab.core.predictor import Predictor
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.records import Record
from icl_lab.core.specs import digest
from icl_lab.core.streams import Stream
from icl_lab.evaluation.statistics import LEVEL, RESAMPLES, Interval, Weights, mean_interval, resample
from icl_lab.tasks.base import Task

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUM_PROMPTS = 1280
"""As both papers evaluate: 20 batches of 64."""

Device = torch.device | str | None


@dataclass(frozen=True)
class Errors:
    """The errors of one predictor, prompt by prompt.

    Args:
        label: The predictor's.
        kind: Whether it was trained (`"model"`) or fits each prompt anew (`"baseline"`).
        seed: Of its training; 0 for a baseline.
        values: The task's metric in float64. NaN where no prediction is asked, infinite where it was not a number.
    """

    label: str
    kind: Literal["model", "baseline"]
    seed: int
    values: Float[np.ndarray, "num_prompts length"]


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
    """

    task: Task
    seed: int
    errors: tuple[Errors, ...]
    zero: Float[np.ndarray, "num_prompts length"]
    shift: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def num_prompts(self) -> int:
        """Prompts behind every mean."""
        return self.zero.shape[0]

    @property
    def labels(self) -> tuple[str, ...]:
        """The predictors that answered, each once, in order."""
        return tuple(dict.fromkeys(errors.label for errors in self.errors))

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
        """Errors of one predictor averaged over its trainings, prompt by prompt."""
        return np.mean([errors.values for errors in self.of(label)], axis=0)

    def weights(self, resamples: int = RESAMPLES) -> Weights:
        """Bootstrap weights of these prompts: the same for every predictor and at every call."""
        return resample(self.num_prompts, Stream(self.seed).child("evaluate", "bootstrap").generator(), resamples)

    def frame(self, level: float = LEVEL) -> pl.DataFrame:
        """One row a predictor, training seed and number of examples, with the interval over prompts."""
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
        from icl_lab.report.figures import plot_records

        kinds = {errors.label: errors.kind for errors in self.errors}
        return plot_records(self.records(), metric=self.task.metric, kinds=kinds)


def points(interval: Interval) -> Iterator[tuple[int, float, float, float]]:
    """(shown, value, low, high) along a curve, where predictions are asked."""
    for shown in np.flatnonzero(~np.isnan(interval.value)):
        yield int(shown), *interval.at(int(shown))


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


def evaluate(
    predictor: Predictor,
    task: Task,
    *,
    num_prompts: int = NUM_PROMPTS,
    stream: Stream,
    batch: int = 64,
    device: Device = None,
    seed: int = 0,
) -> Errors:
    """Errors of one predictor on held-out prompts, without gradients and in evaluation mode.

    Args:
        predictor: A network or a baseline; a network is expected on `device` and is left in the mode it came in.
        task: Where the prompts come from; its `error` is what is measured.
        num_prompts: Held-out prompts.
        stream: Their address; see `evaluation_prompts`.
        batch: Prompts at a time; part of the address of the prompts.
        device: Where the prompts are put before a network reads them. Baselines read them where they were made.
        seed: Of the predictor's training.
    """
    is_baseline = isinstance(predictor, Baseline)
    parts = []
    with torch.no_grad(), evaluation_mode(predictor):
        for prompts in held_out(task, num_prompts=num_prompts, stream=stream, batch=batch):
            here = prompts if is_baseline else prompts.to(device=device)
            predictions = predictor.predict(here).double()
            parts.append(_measured(task, predictions, here))
    return Errors(predictor.label, "baseline" if is_baseline else "model", seed, np.concatenate(parts))


def learning_curve(
    predictors: Sequence[Predictor],
    task: Task,
    num_prompts: int = NUM_PROMPTS,
    seed: int = 0,
    *,
    seeds: Sequence[int] | None = None,
    batch: int = 64,
    device: Device = None,
) -> Curves:
    """Learning curves of models and baselines on the same held-out prompts.

    Args:
        predictors: What to compare. Trainings of one model that differ by their seed share its label.
        task: Where the prompts come from.
        num_prompts: Held-out prompts.
        seed: Of the held-out prompts.
        seeds: Training seed of each predictor; all 0 by default.
        batch: Prompts at a time; part of the address of the prompts.
        device: Where networks are.

    Raises:
        UserError: Two predictors have the same label and training seed, so that their rows could not be told apart.
    """
    trained = check_names(predictors, seeds)
    stream = evaluation_prompts(seed)
    settings: dict[str, Any] = {"num_prompts": num_prompts, "stream": stream, "batch": batch}
    errors = [
        evaluate(predictor, task, device=device, seed=seed_, **settings)
        for predictor, seed_ in zip(predictors, trained, strict=True)
    ]
    return Curves(task=task, seed=seed, errors=tuple(errors), zero=zero_errors(task, **settings))


def check_names(predictors: Sequence[Predictor], seeds: Sequence[int] | None) -> list[int]:
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


def zero_errors(
    task: Task, *, num_prompts: int, stream: Stream, batch: int = 64
) -> Float[np.ndarray, "num_prompts length"]:
    """Errors of the predictor that always says zero."""
    prompts = held_out(task, num_prompts=num_prompts, stream=stream, batch=batch)
    return np.concatenate([_measured(task, zeros(task, p), p) for p in prompts])


def zeros(task: Task, prompts: PromptBatch) -> Float[torch.Tensor, "batch length *outputs"]:
    """What the predictor that always says zero says."""
    outputs = () if task.d_output == 1 else (task.d_output,)
    return torch.zeros(prompts.batch, prompts.length, *outputs, dtype=torch.float64)


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


def _measured(task: Task, predictions: torch.Tensor, prompts: PromptBatch) -> Float[np.ndarray, "batch length"]:
    errors = task.error(predictions, prompts)
    # NaN means "not asked": a prediction that is not a number must not vanish from the mean.
    errors = torch.where(errors.isnan() & prompts.scored, torch.inf, errors)
    return errors.double().cpu().numpy()
