"""What a comparison reports of its learning curves, as records.

Rows of one training (`seed` is its seed), with intervals over prompts:

    <task.metric>        the learning curve, a row for each `shown`
    icl_score            Campbell et al. 2024; over the best baseline, where there is a baseline
    relative_error       error / zero predictor's error, after `shown` examples: twice the dimension, and the end

Rows of a predictor, its errors averaged over training seeds, with intervals over prompts (`_mean`, `seed` 0):

    <task.metric>_mean, icl_score_mean, relative_error_mean
    excess_error_mean        error - best baseline's error, paired, after `shown` examples
    examples_to_half_mean    fewest examples after which the mean error is at most half of zero_error; null: never
    score_gap_mean           score of the leading model - score of this one, paired (models only)

The same with intervals over training seeds, where there are two or more (`_over_seeds`): <task.metric>_over_seeds,
icl_score_over_seeds, relative_error_over_seeds.

Rows of the prompts: `zero_error` (predictor "zero"), and `refused` for a model that cannot read prompts this long.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Float

from icl_lab.core.records import Record
from icl_lab.core.specs import digest
from icl_lab.evaluation import statistics
from icl_lab.evaluation.curves import Curves, Errors, points
from icl_lab.evaluation.statistics import Interval, Weights
from icl_lab.tasks.base import Task
from icl_lab.tasks.function_class import FunctionClass

Matrix = Float[np.ndarray, "num_prompts length"]


def records(curves: Curves, runs: Mapping[tuple[str, int], str]) -> list[Record]:
    """All rows of some learning curves.

    Args:
        curves: The errors.
        runs: (label, training seed) -> digest of the run; made up from task and label where missing.
    """
    return [*_prompt_rows(curves), *_Rows(curves, runs).all()]


def best_baseline(curves: Curves) -> Errors | None:
    """The baseline with the smallest area under its learning curve; the first of equals, none where there is none."""
    baselines = [errors for errors in curves.errors if errors.kind == "baseline"]
    return min(baselines, key=lambda errors: statistics.mean_area(errors.values), default=None)


def leading_model(curves: Curves) -> str | None:
    """The model with the smallest area under its mean learning curve; none where there is no model."""
    models = list(dict.fromkeys(errors.label for errors in curves.errors if errors.kind == "model"))
    return min(models, key=lambda label: statistics.mean_area(curves.mean_over_seeds(label)), default=None)


def milestones(task: Task) -> tuple[int, ...]:
    """After how many examples the table holds errors: twice the dimension, where the prompt is longer, and the end."""
    end = task.length - 1
    twice = 2 * task.num_active if isinstance(task, FunctionClass) else end
    return (twice, end) if twice < end else (end,)


class _Rows:
    """The rows of the predictors of some learning curves."""

    def __init__(self, curves: Curves, runs: Mapping[tuple[str, int], str]) -> None:
        self.curves = curves
        self.runs = runs
        self.weights: Weights = curves.weights()
        best = best_baseline(curves)
        self.best = None if best is None else best.values
        leader = leading_model(curves)
        self.leader = None if leader is None else curves.mean_over_seeds(leader)

    def all(self) -> Iterator[Record]:
        for label in self.curves.labels:
            trainings = self.curves.of(label)
            for errors in trainings:
                yield from self._of_errors(errors.values, label, self._run(label, errors.seed), errors.seed, "")
            runs = [self._run(label, errors.seed) for errors in trainings]
            run = runs[0] if len(runs) == 1 else digest(runs)
            mean = self.curves.mean_over_seeds(label)
            yield from self._of_errors(mean, label, run, 0, "_mean")
            yield from self._of_mean(mean, label, run, trainings[0].kind == "model")
            yield from self._over_seeds(trainings, label, run)

    def _of_errors(self, errors: Matrix, label: str, run: str, seed: int, suffix: str) -> Iterator[Record]:
        task = self.curves.task
        curve = statistics.mean_interval(errors, self.weights)
        for shown, *numbers in points(curve):
            yield self._row(label, run, task.metric + suffix, tuple(numbers), seed, shown)
        for shown in milestones(task):
            if not np.isnan(curve.value[shown]) and task.zero_error > 0:
                value, low, high = (number / task.zero_error for number in curve.at(shown))
                yield self._row(label, run, "relative_error" + suffix, (value, low, high), seed, shown)
        if self.best is not None:
            score = statistics.score_interval(errors, self.best, self.curves.zero, self.weights)
            yield self._row(label, run, "icl_score" + suffix, _scalar(score), seed)

    def _of_mean(self, errors: Matrix, label: str, run: str, is_model: bool) -> Iterator[Record]:
        task = self.curves.task
        value = statistics.mean_interval(errors, self.weights).value
        half = statistics.examples_to_half(value, task.zero_error)
        number = float("nan") if half is None else float(half)
        yield self._row(label, run, "examples_to_half_mean", (number, None, None))
        if self.best is None:
            return
        excess = statistics.difference_interval(errors, self.best, self.weights)
        for shown in milestones(task):
            if not np.isnan(excess.value[shown]):
                yield self._row(label, run, "excess_error_mean", excess.at(shown), shown=shown)
        if is_model and self.leader is not None:
            gap = statistics.score_gap_interval(errors, self.leader, self.best, self.curves.zero, self.weights)
            yield self._row(label, run, "score_gap_mean", _scalar(gap))

    def _over_seeds(self, trainings: tuple[Errors, ...], label: str, run: str) -> Iterator[Record]:
        task = self.curves.task
        means = np.stack([statistics.mean_interval(errors.values, self.weights).value for errors in trainings])
        curve = statistics.seed_interval(means)
        if curve is None:
            return
        for shown, *numbers in points(curve):
            yield self._row(label, run, task.metric + "_over_seeds", tuple(numbers), shown=shown)
        for shown in milestones(task):
            if not np.isnan(curve.value[shown]) and task.zero_error > 0:
                value, low, high = (number / task.zero_error for number in curve.at(shown))
                yield self._row(label, run, "relative_error_over_seeds", (value, low, high), shown=shown)
        if self.best is not None:
            once = np.ones((1, self.curves.num_prompts))
            scores = [statistics.score_interval(e.values, self.best, self.curves.zero, once).value for e in trainings]
            over_seeds = statistics.seed_interval(np.stack(scores))
            assert over_seeds is not None
            yield self._row(label, run, "icl_score_over_seeds", _scalar(over_seeds))

    def _run(self, label: str, seed: int) -> str:
        return self.runs.get((label, seed)) or self.curves.run_of(label, seed)

    def _row(
        self,
        label: str,
        run: str,
        metric: str,
        numbers: tuple[float | None, ...],
        seed: int = 0,
        shown: int | None = None,
    ) -> Record:
        value, low, high = numbers
        assert value is not None
        return Record(
            run=run,
            predictor=label,
            task=self.curves.task.spec_name(),
            metric=metric,
            value=value,
            low=low,
            high=high,
            shown=shown,
            seed=seed,
            shift=self.curves.shift,
            num_prompts=self.curves.num_prompts,
        )


def _prompt_rows(curves: Curves) -> Iterator[Record]:
    task, shift = curves.task.spec_name(), curves.shift
    run = digest(curves.task.to_json())
    yield Record(run=run, predictor="zero", task=task, metric="zero_error", value=curves.task.zero_error, shift=shift)
    for label in curves.refused:
        asked = float(curves.task.length)
        yield Record(
            run=curves.run_of(label, 0), predictor=label, task=task, metric="refused", value=asked, shift=shift
        )


def _scalar(interval: Interval) -> tuple[float, float, float]:
    return float(interval.value), float(interval.low), float(interval.high)
