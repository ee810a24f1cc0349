"""The rows about trainings of both occasions under one shift, made from the numbers of each training."""

from collections.abc import Iterator
from functools import cached_property
from itertools import product

import numpy as np

from icl_lab.core.records import Record
from icl_lab.core.specs import digest
from icl_lab.evaluation.contrasts import METRIC, compared_at, contrast_run
from icl_lab.evaluation.curves import Curves
from icl_lab.evaluation.joining.numbers import Numbers, average, half, interval, minus, pooled
from icl_lab.evaluation.joining.trainings import Trainings
from icl_lab.evaluation.over_seeds import difference_over_seeds_rows, gap_over_seeds_rows, over_seeds_rows
from icl_lab.evaluation.pairs import pair_label
from icl_lab.evaluation.rows import Rows
from icl_lab.evaluation.scores import best_baseline, complement_rows
from icl_lab.evaluation.statistics import Interval

POOLED = "pooled_error_mean"


class Made:
    """Makes rows that neither occasion has.

    Args:
        curves: What was evaluated now.
        trainings: Of the comparison.
        numbers: The rows of each training, and of pairs that were measured together.
    """

    def __init__(self, curves: Curves, trainings: Trainings, numbers: Numbers) -> None:
        self._curves = curves
        self._trainings = trainings
        self._numbers = numbers
        self._rows = Rows(curves, {})
        self._best = best_baseline(curves)
        self._lines = {label: self._by_seed(label) for label in trainings.labels}

    def rows(self) -> Iterator[Record]:
        """Of models with trainings of both occasions, of pairs of models, and of who leads."""
        answered = [label for label in self._trainings.labels if self._lines[label]]
        for label in answered:
            if self._trainings.where(label) == "both":
                yield from self._of_model(label)
            yield from self._gap(label)
        for one, other in self._trainings.pairs:
            if self._lines[one] and self._lines[other]:
                if self._trainings.where(one, other) == "both":
                    yield from self._of_pair(one, other)
                yield from self._contrasts(one, other)
        for label in answered:
            yield from self._beside_baselines(label)

    def _of_model(self, label: str) -> Iterator[Record]:
        task, run, lines = self._curves.task, self._trainings.run_of_all(label), self._lines[label]
        mean = self._mean(label)
        means = [
            *self._rows.curve(label, f"{task.metric}_mean", mean, run=run),
            self._rows.number(label, POOLED, self._whole(label), run=run),
        ]
        yield from means
        yield from complement_rows(task, means)
        if task.zero_error > 0:
            yield from self._rows.at_milestones(label, "relative_error_mean", mean, run=run, per=task.zero_error)
        yield self._rows.number(label, "examples_to_half_mean", half(mean, task.zero_error), run=run)
        scores = self._scores(label)
        if scores and self._best is not None:
            yield self._rows.number(label, "icl_score_mean", average(list(scores.values())), run=run)
            excess = [self._contrast((label, seed), (self._best.label, 0))[0] for seed in lines]
            yield from self._rows.at_milestones(label, "excess_error_mean", average(excess), run=run)
        curves = {seed: line.value for seed, line in lines.items()}
        yield from over_seeds_rows(self._rows, label, run, curves, _values(scores))

    def _gap(self, label: str) -> Iterator[Record]:
        leading, own, run = self._scores(self._leader), self._scores(label), self._trainings.run_of_all(label)
        if not leading or not own:
            return
        gap = minus(average(list(leading.values())), average(list(own.values())))
        nothing = interval(0.0, 0.0, 0.0)
        yield self._rows.number(label, "score_gap_mean", nothing if label == self._leader else gap, run=run)
        yield from gap_over_seeds_rows(self._rows, label, run, _values(own), _values(leading))

    def _of_pair(self, one: str, other: str) -> Iterator[Record]:
        label = pair_label(one, other)
        run = digest([self._trainings.run_of_all(name) for name in (one, other)])
        lines, others = self._lines[one], self._lines[other]
        if lines.keys() == others.keys():
            found = [self._contrast((one, seed), (other, seed)) for seed in lines]
            curve, whole = (average([pair[i] for pair in found]) for i in (0, 1))
        else:
            curve = minus(self._mean(one), self._mean(other))
            whole = minus(self._whole(one), self._whole(other))
        yield self._rows.number(label, "difference_mean", whole, run=run)
        yield from self._rows.at_milestones(label, "difference_mean", curve, run=run)
        both = [seed for seed in lines if seed in others]
        curves = {seed: minus(lines[seed], others[seed]).value for seed in both}
        wholes = {seed: float(minus(self._pooled(one, seed), self._pooled(other, seed)).value) for seed in both}
        yield from difference_over_seeds_rows(self._rows, label, run, curves, wholes)

    def _contrasts(self, one: str, other: str) -> Iterator[Record]:
        for seeds in product(self._lines[one], self._lines[other]):
            yield from self._contrast_rows((one, seeds[0]), (other, seeds[1]))

    def _beside_baselines(self, label: str) -> Iterator[Record]:
        baselines = [errors.label for errors in self._curves.errors if errors.kind != "model"]
        for baseline in baselines:
            for seed in self._lines[label]:
                yield from self._contrast_rows((label, seed), (baseline, 0))

    def _contrast_rows(self, one: tuple[str, int], other: tuple[str, int]) -> Iterator[Record]:
        label, seeds = pair_label(one[0], other[0]), (one[1], other[1])
        run, seed = contrast_run(label, seeds), max(seeds)
        curve, whole = self._contrast(one, other)
        yield self._rows.number(label, METRIC, whole, run=run, seed=seed)
        for shown in compared_at(self._curves):
            at = interval(*curve.at(shown))
            yield self._rows.number(label, METRIC, at, run=run, seed=seed, shown=shown)

    def _contrast(self, one: tuple[str, int], other: tuple[str, int]) -> tuple[Interval, Interval]:
        """The difference of two trainings along the curve and over the whole prompt: as measured together, if ever."""
        run = contrast_run(pair_label(one[0], other[0]), (one[1], other[1]))
        where = METRIC, self._curves.shift
        curve, whole = self._numbers.curve(run, *where, self._length), self._numbers.whole(run, *where)
        if curve is not None and whole is not None:
            return curve, whole
        lines = self._lines[one[0]][one[1]], self._lines[other[0]][other[1]]
        return minus(*lines), minus(self._pooled(*one), self._pooled(*other))

    @property
    def _length(self) -> int:
        return self._curves.task.length

    def _by_seed(self, label: str) -> dict[int, Interval]:
        metric, shift = self._curves.task.metric, self._curves.shift
        found = {
            seed: self._numbers.curve(run, metric, shift, self._length)
            for seed, run in self._trainings.runs[label].items()
        }
        return {seed: line for seed, line in found.items() if line is not None}

    def _scores(self, label: str) -> dict[int, Interval]:
        """ICL score of each training."""
        runs = self._trainings.runs[label]
        found = {seed: self._numbers.whole(run, "icl_score", self._curves.shift) for seed, run in runs.items()}
        return {seed: score for seed, score in found.items() if score is not None}

    def _mean(self, label: str) -> Interval:
        return average(list(self._lines[label].values()))

    def _whole(self, label: str) -> Interval:
        return average([self._pooled(label, seed) for seed in self._lines[label]])

    def _pooled(self, label: str, seed: int) -> Interval:
        """The mean error of a training over the whole prompt: as it was measured, where it was the only one then."""
        alone = self._numbers.whole(self._trainings.runs[label][seed], POOLED, self._curves.shift)
        return alone or pooled(self._lines[label][seed], (~np.isnan(self._curves.zero)).sum(axis=0))

    @cached_property
    def _leader(self) -> str:
        """The model with the smallest area under its mean learning curve."""
        answered = [label for label, lines in self._lines.items() if lines]
        return min(answered, key=lambda label: float(self._whole(label).value))


def _values(scores: dict[int, Interval]) -> dict[int, float]:
    return {seed: float(score.value) for seed, score in scores.items()}
