"""What a comparison reports of its learning curves, as records.

Rows of one training (`seed` is its seed), with intervals over prompts:

    <task.metric>        the learning curve, a row for each `shown`
    icl_score            Campbell et al. 2024; over the best reference, where there is one: a baseline or an oracle
    relative_error       error / zero predictor's error, at the milestones that the task names

Rows of a predictor, its errors averaged over training seeds, with intervals over prompts (`_mean`, `seed` 0):

    <task.metric>_mean, icl_score_mean, relative_error_mean
    <complement>_mean        1 - error, for a task whose error is a share of wrong answers: "accuracy_mean"
    pooled_error_mean        mean over all scored predictions, each counting the same; in the unit of the metric
    pooled_<complement>_mean 1 - that, for a share of wrong answers
    excess_error_mean        error - best reference's error, paired, at the milestones
    examples_to_half_mean    fewest examples after which the mean error is at most half of zero_error; null: never
    score_gap_mean           score of the leading model - score of this one, paired (models only)
    difference_mean          of every pair of models, see `evaluation/pairs.py`

The same with intervals over training seeds, where there are two or more (`_over_seeds`): <task.metric>_over_seeds,
icl_score_over_seeds, relative_error_over_seeds, score_gap_over_seeds, difference_over_seeds.

`num_prompts` of a row with `shown` is the number of prompts that are scored there.

Rows without interval: `zero_error` and `independent_draws` of the prompts (predictor "zero"); `asked_points` of a
baseline that was asked at some points only, how many; `refused` for one that cannot read the prompts, their length.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from icl_lab.core.records import Record
from icl_lab.core.specs import digest
from icl_lab.evaluation import statistics
from icl_lab.evaluation.curves import Curves
from icl_lab.evaluation.errors import Errors
from icl_lab.evaluation.over_seeds import gap_over_seeds_rows, over_seeds_rows
from icl_lab.evaluation.pairs import pair_rows
from icl_lab.evaluation.rows import Rows
from icl_lab.evaluation.statistics import Errors2d, Interval
from icl_lab.tasks.base import Task


def records(curves: Curves, runs: Mapping[tuple[str, int], str]) -> list[Record]:
    """All rows of some learning curves.

    Args:
        curves: The errors.
        runs: (label, training seed) -> digest of the run; made up from task and label where missing.
    """
    rows = Rows(curves, runs)
    scores = _Scores(rows)
    return [*_prompt_rows(rows), *scores.all(), *pair_rows(rows, scores.weights)]


def best_baseline(curves: Curves) -> Errors | None:
    """What scores are measured against: the baseline or oracle with the smallest area under its learning curve.

    The first of equals; none where nothing is there but models. An oracle bounds what can be reached, so that a score
    of 1 has the same meaning on every task. Without it, on prompts that no plain baseline can read, 1 would be next to
    nothing.
    """
    references = [errors for errors in curves.errors if errors.kind != "model"]
    return min(references, key=lambda errors: statistics.mean_area(errors.filled), default=None)


def leading_model(curves: Curves) -> str | None:
    """The model with the smallest area under its mean learning curve; none where there is no model."""
    models = list(dict.fromkeys(errors.label for errors in curves.errors if errors.kind == "model"))
    return min(models, key=lambda label: statistics.mean_area(curves.mean_over_seeds(label)), default=None)


def complement_rows(task: Task, rows: Iterable[Record]) -> Iterator[Record]:
    """`<complement>_mean` and `pooled_<complement>_mean` from rows of mean errors; none where errors are no shares."""
    complement = task.objective.complement
    metrics = {f"{task.metric}_mean": "", "pooled_error_mean": "pooled_"}
    for row in rows if complement else ():
        if row.metric in metrics:
            # What was the upper end of the error is the lower end of its complement.
            value, low, high = (None if end is None else 1 - end for end in (row.value, row.high, row.low))
            yield replace(row, metric=f"{metrics[row.metric]}{complement}_mean", value=value, low=low, high=high)


class _Scores:
    """The rows of the predictors of some learning curves."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.curves = curves = rows.curves
        self.weights = curves.weights()
        best = best_baseline(curves)
        self.best = None if best is None else best.filled
        self.leader = leading_model(curves)

    def all(self) -> Iterator[Record]:
        for label in self.curves.labels:
            trainings = self.curves.of(label)
            for errors in trainings:
                alone = list(self._of_errors(errors.values, errors.filled, label, errors.seed))
                yield from alone
            if len(trainings) == 1:  # its mean is itself
                mean_rows = [replace(row, metric=f"{row.metric}_mean", seed=0) for row in alone]
            else:
                mean = self.curves.mean_over_seeds(label)
                mean_rows = list(self._of_errors(mean, mean, label, 0, "_mean"))
            yield from mean_rows
            yield from complement_rows(self.curves.task, mean_rows)
            yield from self._of_mean(trainings, label)
            yield from self._over_seeds(trainings, label)

    def _of_errors(
        self, errors: Errors2d, filled: Errors2d, label: str, seed: int, suffix: str = ""
    ) -> Iterator[Record]:
        """The curve, where the predictor was asked, and what is read off it."""
        run = self.rows.run_of_all(label) if suffix else self.rows.run(label, seed)
        curve = statistics.mean_interval(errors, self.weights)
        yield from self._curve(curve, label, run, seed, suffix)
        if self.best is not None:
            score = statistics.score_interval(filled, self.best, self.curves.zero, self.weights)
            yield self.rows.number(label, "icl_score" + suffix, score, run=run, seed=seed)

    def _curve(self, curve: Interval, label: str, run: str, seed: int, suffix: str) -> Iterator[Record]:
        task = self.curves.task
        yield from self.rows.curve(label, task.metric + suffix, curve, run=run, seed=seed)
        if task.zero_error > 0:
            metric = "relative_error" + suffix
            yield from self.rows.at_milestones(label, metric, curve, run=run, seed=seed, per=task.zero_error)

    def _of_mean(self, trainings: tuple[Errors, ...], label: str) -> Iterator[Record]:
        errors, run = self.curves.mean_over_seeds(label), self.rows.run_of_all(label)
        pooled = self.rows.number(
            label, "pooled_error_mean", statistics.mean_error_interval(errors, self.weights), run=run
        )
        yield pooled
        yield from complement_rows(self.curves.task, [pooled])
        half = statistics.half_interval(errors, self.curves.task.zero_error, self.weights)
        yield self.rows.number(label, "examples_to_half_mean", half, run=run)
        if trainings[0].asked is not None:
            yield self.rows.plain(label, "asked_points", float(len(trainings[0].asked)), run)
        if self.best is None:
            return
        excess = statistics.difference_interval(errors, self.best, self.weights)
        yield from self.rows.at_milestones(label, "excess_error_mean", excess, run=run)
        if trainings[0].kind == "model" and self.leader is not None:
            leader = self.curves.mean_over_seeds(self.leader)
            gap = statistics.score_gap_interval(errors, leader, self.best, self.curves.zero, self.weights)
            yield self.rows.number(label, "score_gap_mean", gap, run=run)

    def _over_seeds(self, trainings: tuple[Errors, ...], label: str) -> Iterator[Record]:
        run, scores = self.rows.run_of_all(label), self._score_by_seed(label)
        means = {errors.seed: statistics.mean_curve(errors.filled) for errors in trainings}
        if len(trainings) < 2:
            return
        yield from over_seeds_rows(self.rows, label, run, means, scores)
        if scores and self.leader is not None:
            yield from gap_over_seeds_rows(self.rows, label, run, scores, self._score_by_seed(self.leader))

    def _score_by_seed(self, label: str) -> dict[int, float]:
        if self.best is None:
            return {}
        zero, nothing = self.curves.zero, np.empty((0, self.curves.num_prompts))
        return {
            errors.seed: float(statistics.score_interval(errors.filled, self.best, zero, nothing).value)
            for errors in self.curves.of(label)
        }


def _prompt_rows(rows: Rows) -> Iterator[Record]:
    curves = rows.curves
    run = digest(curves.task.to_json())
    yield rows.plain("zero", "zero_error", curves.task.zero_error, run)
    yield rows.plain("zero", "independent_draws", float(curves.num_draws), run)
    for label in curves.refused:
        yield rows.plain(label, "refused", float(curves.task.length))
