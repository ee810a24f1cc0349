"""Differences between two predictors on the same prompts, training beside training and point by point.

Prompts are hard or easy for everyone, so that the difference of two errors is known far better than either of them.
Statements about two predictors (`studies/judging/statements.py`) are decided by these rows.

    paired_difference     error of one less that of the other, of the predictor `"<one> - <other>"`; a row for each
                          point at which baselines that refit are asked too, and one without `shown` for the whole
"""

from collections.abc import Iterator
from itertools import combinations, product

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
    """A few rows for each pair of predictors of which one is a model.

    Each training of the one stands beside each of the other: that two have the same seed makes them no pair. `run`
    tells the pairs of trainings apart, see `contrast_run`.
    """
    rows, weights, asked = Rows(curves, {}), curves.weights(), compared_at(curves)
    for one, other in combinations(curves.labels, 2):
        for errors, others in product(curves.of(one), curves.of(other)):
            if "model" in (errors.kind, others.kind):
                yield from _rows(rows, errors, others, asked, weights)


def compared_at(curves: Curves) -> tuple[int, ...]:
    """The points of learning curves at which pairs have rows."""
    scored = (~np.isnan(curves.zero)).sum(axis=0)
    return thinned(scored > 0, milestones(curves.task, scored))


def contrast_run(label: str, seeds: tuple[int, int]) -> str:
    """The digest of a pair of trainings: the label of the pair, the seed of the first and of the second."""
    return digest([label, *seeds])


def _rows(rows: Rows, errors: Errors, others: Errors, asked: tuple[int, ...], weights: Weights) -> Iterator[Record]:
    label = pair_label(errors.label, others.label)
    seed, run = max(errors.seed, others.seed), contrast_run(label, (errors.seed, others.seed))
    difference = statistics.subtract(errors.filled, others.filled)
    whole = statistics.mean_error_interval(difference, weights)
    yield rows.number(label, METRIC, whole, run=run, seed=seed)
    at_points = statistics.mean_interval(difference[:, asked], weights)
    for place, shown in enumerate(asked):
        value, low, high = (np.asarray(end) for end in at_points.at(place))
        yield rows.number(label, METRIC, Interval(value, low, high), run=run, seed=seed, shown=shown)
