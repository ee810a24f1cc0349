"""Numbers with intervals, read back from rows, and what can be said of their means and differences.

The errors of single prompts are gone: intervals follow from intervals. They are no narrower than measured ones where
the errors of two trainings rise and fall together from prompt to prompt.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int

from icl_lab.evaluation.statistics import Interval

Ends = Float[np.ndarray, "..."]


class Numbers:
    """Rows by what they are about.

    Args:
        rows: Of trainings and of pairs of them, each number once.
    """

    def __init__(self, rows: pl.DataFrame) -> None:
        self._groups = dict(rows.group_by("run", "metric", "shift", maintain_order=True))

    def curve(self, run: str, metric: str, shift: str, length: int) -> Interval | None:
        """The numbers along a learning curve, NaN where there is none; none where there is no row.

        Args:
            run: Digest of the training, or of the pair.
            metric: Of the rows.
            shift: Of the rows.
            length: Points of the curve.
        """
        rows = self._of(run, metric, shift, pl.col("shown").is_not_null() & (pl.col("shown") < length))
        if rows is None:
            return None
        value, low, high = (np.full(length, np.nan) for _ in range(3))
        shown = rows["shown"].to_numpy()
        value[shown], low[shown], high[shown] = _ends(rows)
        return Interval(value, low, high)

    def whole(self, run: str, metric: str, shift: str) -> Interval | None:
        """The number that belongs to no point of a curve; none where there is no row."""
        rows = self._of(run, metric, shift, pl.col("shown").is_null())
        return None if rows is None else interval(*(end[-1] for end in _ends(rows)))

    def _of(self, run: str, metric: str, shift: str, where: pl.Expr) -> pl.DataFrame | None:
        group = self._groups.get((run, metric, shift))
        rows = None if group is None else group.filter(where)
        return None if rows is None or rows.is_empty() else rows


def _ends(rows: pl.DataFrame) -> tuple[Ends, Ends, Ends]:
    """Value, low and high: a value that is not there was beyond all bounds, an end of an interval was not known."""
    value, low, high = (rows[name].cast(pl.Float64) for name in ("value", "low", "high"))
    return value.fill_null(np.inf).to_numpy(), low.fill_null(np.nan).to_numpy(), high.fill_null(np.nan).to_numpy()


def interval(value: Ends | float, low: Ends | float, high: Ends | float) -> Interval:
    """An interval of numbers of any kind."""
    return Interval(np.asarray(value), np.asarray(low), np.asarray(high))


def average(numbers: Sequence[Interval]) -> Interval:
    """The mean of numbers; its interval is the mean of theirs, its own could only be narrower.

    >>> average([interval(1.0, 0.5, 2.0), interval(3.0, 2.5, 3.0)])
    Interval(value=array(2.), low=array(1.5), high=array(2.5))
    """
    return interval(*(np.mean([getattr(one, end) for one in numbers], axis=0) for end in ("value", "low", "high")))


def minus(one: Interval, other: Interval) -> Interval:
    """The difference of two numbers as if they had nothing in common.

    Prompts are hard or easy for everyone: two predictors that read the same have a difference that is known better. It
    would be known worse where one errs least on the prompts on which the other errs most.

    >>> minus(interval(5.0, 2.0, 9.0), interval(1.0, 0.0, 5.0))
    Interval(value=array(4.), low=array(-1.), high=array(8.12310563))
    """
    with np.errstate(invalid="ignore"):
        value = one.value - other.value
        below = np.hypot(one.value - one.low, other.high - other.value)
        above = np.hypot(one.high - one.value, other.value - other.low)
    both = np.isinf(one.value) & np.isinf(other.value)
    value = np.where(both, np.inf, value)  # by an amount that nobody knows, as in `statistics.subtract`
    return interval(value, value - below, value + above)


def pooled(curve: Interval, scored: Int[np.ndarray, " length"]) -> Interval:
    """The mean over a curve, each point counting as many times as prompts are scored there."""
    there = ~np.isnan(curve.value)
    ends = (getattr(curve, end)[there] for end in ("value", "low", "high"))
    return interval(*((end * scored[there]).sum() / scored[there].sum() for end in ends))


def half(curve: Interval, zero_error: float) -> Interval:
    """The first point at which a curve is at most half of the zero predictor's error; infinite where it never is."""
    return interval(*(_first(getattr(curve, end) <= zero_error / 2) for end in ("value", "low", "high")))


def _first(reached: Bool[np.ndarray, " length"]) -> float:
    return float(reached.argmax()) if reached.any() else np.inf
