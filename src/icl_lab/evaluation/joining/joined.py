"""One set of rows from several occasions: of trainings that are here, and of others of which rows are all that is left.

What belongs to one training, or to several that were measured together, is taken over as it is. What is about trainings
of both occasions is computed from the numbers of each: values exactly, intervals as `numbers.py` says, rather too wide.
"""

from collections.abc import Sequence, Set
from dataclasses import asdict

import polars as pl

from icl_lab.core.records import SCHEMA, Record
from icl_lab.evaluation.contrasts import METRIC
from icl_lab.evaluation.curves import Curves
from icl_lab.evaluation.joining.made import POOLED, Made
from icl_lab.evaluation.joining.numbers import Numbers
from icl_lab.evaluation.joining.trainings import Trainings
from icl_lab.evaluation.pairs import pair_label

TOGETHER = pl.col("metric").str.contains(r"(_mean|_over_seeds)$")
"""Rows that the trainings of a predictor make together."""
GAP = pl.col("metric").str.starts_with("score_gap_")
"""How far a model is behind the leading one, which may now be another."""
ALONE = ~TOGETHER & (pl.col("metric") != "refused")


def joined_rows(
    evaluated: Sequence[Curves], fresh: Sequence[Record], held: pl.DataFrame, trainings: Trainings
) -> list[Record]:
    """The rows of a comparison of which some trainings were measured earlier.

    Args:
        evaluated: What was evaluated now: the trainings that are here, and all baselines.
        fresh: The rows of that, with everything else that was found now.
        held: The rows of the earlier occasion, of the same baselines on the same prompts.
        trainings: Which are here and which have their rows in `held`.
    """
    now = pl.DataFrame([asdict(one) for one in fresh], schema=SCHEMA)
    alone = [_alone(now, trainings.here), _alone(held, trainings.gone)]
    # Of two rows with one name the later counts. What trainings make together is of one training where it was alone.
    others = [rows.filter(pl.col("metric").is_in([METRIC, POOLED])) for rows in (held, now)]
    models = pl.col("predictor").is_in(trainings.labels)
    kept = [now.filter(~models & ~_differences()), *alone]
    for label in trainings.labels:
        mine = (pl.col("predictor") == label) & ~(ALONE & pl.col("run").is_in([*trainings.here, *trainings.gone]))
        where = trainings.where(label)
        about = now if where != "gone" else held
        kept.append(about.filter(mine & ~TOGETHER))
        if where != "both":
            kept.append(about.filter(mine & TOGETHER & ~GAP))
    for one, other in trainings.pairs:
        where = trainings.where(one, other)
        if where != "both":
            about = now if where == "here" else held
            kept.append(about.filter((pl.col("predictor") == pair_label(one, other)) & TOGETHER))
    numbers = Numbers(pl.concat([*alone, *others]))
    rows = [Record(**row) for frame in kept for row in frame.iter_rows(named=True)]
    return rows + [row for curves in evaluated for row in Made(curves, trainings, numbers).rows()]


def _alone(rows: pl.DataFrame, runs: Set[str]) -> pl.DataFrame:
    """The rows of single trainings: curves, training curves, costs."""
    return rows.filter(pl.col("run").is_in(list(runs)) & ALONE)


def _differences() -> pl.Expr:
    return pl.col("metric").str.starts_with("difference_") | (pl.col("metric") == METRIC)
