"""Rows with intervals over training seeds: what trainings that differ by their seed alone say together.

Trainings with the same seed read the same prompts in the same order: differences are taken seed by seed.
"""

from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Float

from icl_lab.core.records import Record
from icl_lab.evaluation import statistics
from icl_lab.evaluation.rows import Rows

Curve = Float[np.ndarray, " length"]


def over_seeds_rows(
    rows: Rows, label: str, run: str, curves: Mapping[int, Curve], scores: Mapping[int, float]
) -> Iterator[Record]:
    """`<metric>_over_seeds`, `relative_error_over_seeds` and `icl_score_over_seeds`; none of a single training.

    Args:
        rows: Makes them.
        label: Of the predictor.
        run: Digest of all its trainings.
        curves: Training seed -> mean error at every point.
        scores: Training seed -> ICL score; none where there is nothing to score against.
    """
    task = rows.curves.task
    curve = statistics.seed_interval(np.stack(list(curves.values())))
    if curve is None:
        return
    yield from rows.curve(label, f"{task.metric}_over_seeds", curve, run=run)
    if task.zero_error > 0:
        yield from rows.at_milestones(label, "relative_error_over_seeds", curve, run=run, per=task.zero_error)
    score = statistics.seed_interval(np.array(list(scores.values())))
    if score is not None:
        yield rows.number(label, "icl_score_over_seeds", score, run=run)


def gap_over_seeds_rows(
    rows: Rows, label: str, run: str, scores: Mapping[int, float], leading: Mapping[int, float]
) -> Iterator[Record]:
    """`score_gap_over_seeds`: what the scores of a model are below those of the leading one.

    Args:
        rows: Makes them.
        label: Of the model.
        run: Digest of all its trainings.
        scores: Training seed -> its score.
        leading: Training seed -> that of the leading model.
    """
    gap = statistics.seed_interval(np.array([leading[seed] - scores[seed] for seed in scores if seed in leading]))
    if gap is not None:
        yield rows.number(label, "score_gap_over_seeds", gap, run=run)


def difference_over_seeds_rows(
    rows: Rows, label: str, run: str, curves: Mapping[int, Curve], wholes: Mapping[int, float]
) -> Iterator[Record]:
    """`difference_over_seeds` of a pair of models, over the whole prompt and at the milestones.

    Args:
        rows: Makes them.
        label: Of the pair.
        run: Digest of all trainings of both.
        curves: Training seed -> difference at every point.
        wholes: Training seed -> difference over the whole prompt.
    """
    if len(curves) < 2:
        return
    whole = statistics.seed_interval(np.array(list(wholes.values())))
    at_points = statistics.seed_interval(np.stack(list(curves.values())))
    assert whole is not None
    assert at_points is not None
    yield rows.number(label, "difference_over_seeds", whole, run=run)
    yield from rows.at_milestones(label, "difference_over_seeds", at_points, run=run)
