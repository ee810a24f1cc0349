"""Published numbers beside ours: as rows, for the page, for the terminal.

A published curve and ours are means over different prompts, each with a 90% interval of its own. A point agrees where
the two intervals meet; how often those of right implementations do not depends on both widths. Where ours is missing,
since there are too few prompts, nothing is judged.
"""

import math
from dataclasses import dataclass

import polars as pl
from scipy.special import ndtr, ndtri

from icl_lab.report.comparison.data import Comparison, Published
from icl_lab.report.comparison.shift_table import UNSHIFTED
from icl_lab.report.estimate import Estimate
from icl_lab.report.grid import Grid, column
from icl_lab.report.labels import shortened
from icl_lab.report.words import NOTHING, Measure

READ_OFF = 1e-5
"""Numbers read from a figure are known to no more than this."""


@dataclass(frozen=True)
class Point:
    """One point of two curves that should be the same."""

    shown: int
    ours: Estimate
    published: Estimate

    @property
    def is_judged(self) -> bool:
        """Whether there are two intervals to compare, or both values are rounding."""
        return self.is_nothing or None not in (self.ours.low, self.ours.high, self.published.low, self.published.high)

    @property
    def meets(self) -> bool:
        """Whether our interval and the published band have a number in common, or both values are rounding."""
        if self.is_nothing:
            return True
        low, high, band_low, band_high = self._ends
        return low <= band_high + READ_OFF and band_low - READ_OFF <= high

    @property
    def verdict(self) -> str:
        """The same for a table."""
        if not self.is_judged:
            return "no interval"
        return "yes" if self.meets else "no"

    @property
    def is_nothing(self) -> bool:
        """Whether both values are rounding, of which none is larger than another."""
        return all(abs(one.value or 0) < NOTHING for one in (self.ours, self.published))

    @property
    def chance_of_a_miss(self) -> float | None:
        """Probability that the intervals miss each other though both means estimate one number; none without widths.

        Two normal means with standard errors s and t miss where they differ by more than z (s + t), z = 1.645, their
        difference having the standard error sqrt(s^2 + t^2). It is 2 % for equal widths, 10 % where one has none.
        """
        low, high, band_low, band_high = self._ends
        ours, theirs = high - low, band_high - band_low
        apart = math.hypot(ours, theirs)
        if self.is_nothing or not self.is_judged or not apart > 0:
            return None
        return float(2 * ndtr(-ndtri(0.95) * (ours + theirs) / apart))

    @property
    def _ends(self) -> tuple[float, float, float, float]:
        """Both intervals, NaN where there is none."""
        ours, theirs = self.ours, self.published
        low, high, band_low, band_high = (
            math.nan if end is None else end for end in (ours.low, ours.high, theirs.low, theirs.high)
        )
        return low, high, band_low, band_high


@dataclass(frozen=True)
class PublishedRow:
    """A published curve and ours, at all points that both have.

    Args:
        published: What it is.
        points: All of them.
        milestones: Those that tables hold.
    """

    published: Published
    points: tuple[Point, ...]
    milestones: tuple[Point, ...]

    @property
    def shift(self) -> str:
        """Under which it was measured, in words."""
        return self.published.shift or UNSHIFTED

    @property
    def met(self) -> int:
        """Points at which the intervals meet."""
        return sum(point.meets for point in self.points)

    @property
    def judged(self) -> int:
        """Points that have two intervals."""
        return sum(point.is_judged for point in self.points)

    @property
    def count(self) -> str:
        """The same for a table."""
        return f"{self.met} of {self.judged}" if self.judged else "none"


def published_rows(comparison: Comparison) -> list[PublishedRow]:
    """A row for each published curve that has points in common with ours."""
    found = []
    for one in comparison.published:
        theirs = _estimates(comparison, f"published_{one.figure}", one)
        ours = _estimates(comparison, f"{comparison.metric}_mean", one)
        points = tuple(Point(shown, ours[shown], theirs[shown]) for shown in sorted(theirs.keys() & ours.keys()))
        marks = set(_estimates(comparison, "relative_error_mean", one))
        if points:
            milestones = tuple(point for point in points if point.shown in marks) or points[-1:]
            found.append(PublishedRow(one, points, milestones))
    return found


def published_table(rows: list[PublishedRow], measure: Measure) -> Grid:
    """The same for a terminal: a line for each milestone."""
    short = shortened(row.published.predictor for row in rows)
    shifts = shortened(row.shift for row in rows)
    lines = [(row, point, place == 0) for row in rows for place, point in enumerate(row.milestones)]
    names = (
        column("predictor", (short[row.published.predictor] if first else "" for row, _, first in lines), right=False),
        column("prompts", (shifts[row.shift] if first else "" for row, _, first in lines), right=False),
        column("figure", (row.published.figure if first else "" for row, _, first in lines), right=False),
    )
    columns = (
        column(measure.short_at(0).split()[0], (point.shown for _, point, _ in lines)),
        column("ours", (point.ours for _, point, _ in lines)),
        column("published", (point.published for _, point, _ in lines)),
        column("meet", (point.verdict for _, point, _ in lines)),
        column("of all", (row.count if first else "" for row, _, first in lines)),
    )
    exact = " (exact: computed independently, in no paper)" if any(row.published.exact for row in rows) else ""
    return Grid(f"Ours and published{exact}: {measure.words}, 90% intervals", names, columns)


def misses_words(rows: list[PublishedRow]) -> str:
    """How often intervals of curves that are truly the same miss each other, with the widths that these have."""
    chances = [point.chance_of_a_miss for row in rows for point in row.points]
    known = [chance for chance in chances if chance is not None]
    if not known or not sum(known):
        return "Points at which both are below a millionth count as met."
    share = sum(known) / len(known)
    return (
        "Of curves that are truly the same, intervals as wide as these miss each other at about one point in"
        f" {1 / share:.0f}; the points of one curve share their prompts, so that misses come together. Points at which"
        " both are below a millionth count as met."
    )


def _estimates(comparison: Comparison, metric: str, one: Published) -> dict[int, Estimate]:
    rows = comparison.rows(metric, one.shift).filter(pl.col("predictor") == one.predictor)
    columns = rows.select("shown", "value", "low", "high").iter_rows()
    return {shown: Estimate(*numbers) for shown, *numbers in columns if numbers[0] is not None}
