"""Differences between two predictors on the same prompts, training by training and point by point.

Prompts are hard or easy for everyone, so that the difference of two errors is known far better than either of them.
Statements about two predictors (`studies/judging/statements.py`) are decided by these rows.

    paired_difference     error of one less that of the other, of the predictor `"<one> - <other>"`; a row for each
                          point at which baselines that refit are asked too, and one without `shown` for the whole
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from icl_lab.core.records import Record
from icl_lab.core.specs import digest
from icl_lab.evaluation import statistics
from icl_lab.evaluation.curves import Curves
from icl_lab.evaluation.errors import Errors
from icl_lab.evaluation.pairs import pair_label
from icl_lab.evaluation.points import milestones, thinned
from icl_lab.evaluation.rows import Rows
from icl_lab.evaluation.statistics import Interval, Weights

METRIC = "paired_difference"


def contrast_rows(curves: Curves) -> Iterator[Record]:
    """A few rows for each pair of predictors of which one is a model, and each training.

    A predictor with a single training, as baselines are, stands against every training of the other.
    """
    rows, weights = Rows(curves, {}), curves.weights()
    scored = (~np.isnan(curves.zero)).sum(axis=0)
    asked = thinned(scored > 0, milestones(curves.task, scored))
    for one, other in combinations(curves.labels, 2):
        for errors, others in _trainings(curves.of(one), curves.of(other)):
            if "model" in (errors.kind, others.kind):
                yield from _rows(rows, errors, others, asked, weights)


def _trainings(ones: tuple[Errors, ...], others: tuple[Errors, ...]) -> list[tuple[Errors, Errors]]:
    if len(others) == 1:
        return [(one, others[0]) for one in ones]
    if len(ones) == 1:
        return [(ones[0], other) for other in others]
    by_seed = {other.seed: other for other in others}
    return [(one, by_seed[one.seed]) for one in ones if one.seed in by_seed]


def _rows(rows: Rows, errors: Errors, others: Errors, asked: tuple[int, ...], weights: Weights) -> Iterator[Record]:
    label = pair_label(errors.label, others.label)
    # Of two that are paired at most one is the only training of its predictor and has seed 0 for that reason.
    seed, run = max(errors.seed, others.seed), digest([label, errors.seed, others.seed])
    difference = statistics.subtract(errors.filled, others.filled)
    whole = statistics.mean_error_interval(difference, weights)
    yield rows.number(label, METRIC, whole, run=run, seed=seed)
    at_points = statistics.mean_interval(difference[:, asked], weights)
    for place, shown in enumerate(asked):
        value, low, high = (np.asarray(end) for end in at_points.at(place))
        yield rows.number(label, METRIC, Interval(value, low, high), run=run, seed=seed, shown=shown)
