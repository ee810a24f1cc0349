"""Differences between models, pair by pair, on the same prompts.

The predictor of such a row is called `"<one> - <other>"`; a negative number says that the first has the smaller error.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from icl_lab.core.records import Record
from icl_lab.core.specs import digest
from icl_lab.evaluation import statistics
from icl_lab.evaluation.over_seeds import difference_over_seeds_rows
from icl_lab.evaluation.rows import Rows
from icl_lab.evaluation.statistics import Weights


def pair_label(one: str, other: str) -> str:
    """What the difference of two predictors is called in records.

    >>> pair_label("mamba", "transformer")
    'mamba - transformer'
    """
    return f"{one} - {other}"


def pair_rows(rows: Rows, weights: Weights) -> Iterator[Record]:
    """Rows `difference_mean` and, with two or more trainings of both, `difference_over_seeds`, of every pair of models.

    Each once without `shown`, for the mean error over the whole prompt, and once for each milestone.
    """
    curves = rows.curves
    models = dict.fromkeys(errors.label for errors in curves.errors if errors.kind == "model")
    for one, other in combinations(models, 2):
        label, run = pair_label(one, other), digest([rows.run_of_all(one), rows.run_of_all(other)])
        means = curves.mean_over_seeds(one), curves.mean_over_seeds(other)
        difference = statistics.subtract(*means)
        whole = statistics.mean_error_interval(difference, weights)
        yield rows.number(label, "difference_mean", whole, run=run)
        yield from rows.at_milestones(label, "difference_mean", statistics.mean_interval(difference, weights), run=run)
        yield from _over_seeds(rows, one, other, label, run)


def _over_seeds(rows: Rows, one: str, other: str, label: str, run: str) -> Iterator[Record]:
    """Trainings with the same seed read the same prompts, in the same order: they are a pair."""
    found = [{errors.seed: errors.filled for errors in rows.curves.of(name)} for name in (one, other)]
    seeds = [seed for seed in found[0] if seed in found[1]]
    differences = {seed: statistics.subtract(found[0][seed], found[1][seed]) for seed in seeds}
    nothing = np.empty((0, rows.curves.num_prompts))
    wholes = {
        seed: float(statistics.mean_error_interval(errors, nothing).value) for seed, errors in differences.items()
    }
    curves = {seed: statistics.mean_curve(errors) for seed, errors in differences.items()}
    yield from difference_over_seeds_rows(rows, label, run, curves, wholes)
