"""Published numbers beside ours: as rows, for the page, for the terminal.

A published curve and ours are means over different prompts, each with a 90% interval of its own. A point agrees where
the two intervals meet: of right implementations, about one point in fifty does not.
"""

from dataclasses import dataclass

import polars as pl
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from icl_lab.report import words
from icl_lab.report.data import Comparison, Published
from icl_lab.report.shift_table import UNSHIFTED
from icl_lab.report.tables import Estimate
from icl_lab.report.words import Measure

READ_OFF = 1e-5
"""Numbers read from a figure are known to no more than this."""


@dataclass(frozen=True)
class Point:
    """One point of two curves that should be the same."""

    shown: int
    ours: Estimate
    published: Estimate

    @property
    def meets(self) -> bool:
        """Whether our interval and the published band have a number in common."""
        ends = (self.ours.low, self.ours.high, self.published.low, self.published.high)
        low, high, band_low, band_high = (float("nan") if end is None else end for end in ends)
        return low <= band_high + READ_OFF and band_low - READ_OFF <= high


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


def published_table(rows: list[PublishedRow], measure: Measure) -> Table:
    """The same for a terminal: a line for each milestone."""
    title = f"Ours and published: {measure.words}, 90% intervals"
    table = Table(title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("predictor", "prompts", "figure"):
        table.add_column(name, no_wrap=True)
    for name in (measure.short_at(0).split()[0], "ours", "published", "meet", "points"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        for place, point in enumerate(row.milestones):
            name, prompts, figure, share = (
                (row.published.predictor, row.shift, row.published.figure, f"{row.met} of {len(row.points)}")
                if place == 0
                else ("", "", "", "")
            )
            numbers = (str(point.shown), str(point.ours), str(point.published), "yes" if point.meets else "NO")
            table.add_row(Text(words.clipped(name)), Text(words.clipped(prompts)), Text(figure), *numbers, share)
    return table


def _estimates(comparison: Comparison, metric: str, one: Published) -> dict[int, Estimate]:
    rows = comparison.rows(metric, one.shift).filter(pl.col("predictor") == one.predictor)
    columns = rows.select("shown", "value", "low", "high").iter_rows()
    return {shown: Estimate(*numbers) for shown, *numbers in columns if numbers[0] is not None}
