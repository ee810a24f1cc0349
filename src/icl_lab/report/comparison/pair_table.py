"""Differences of models, pair by pair, on the same prompts: as rows, for the page, for the terminal."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import polars as pl

from icl_lab.report.comparison.data import Comparison
from icl_lab.report.estimate import Estimate
from icl_lab.report.grid import Grid, column
from icl_lab.report.labels import printable, shortened
from icl_lab.report.words import NOTHING, Measure


@dataclass(frozen=True)
class PairRow:
    """The error of one model less that of another; negative: the first is better.

    Args:
        one: The first.
        other: The second.
        whole: Of the mean error over the prompt.
        milestones: Shown -> there.
        over_seeds: Of the mean error over the prompt, with an interval over trainings; none with a single one.
    """

    one: str
    other: str
    whole: Estimate
    milestones: dict[int, Estimate]
    over_seeds: Estimate | None

    @property
    def better(self) -> str | None:
        """Who has the smaller error, if anybody: over trainings where there are several, else over these prompts."""
        decisive = self.over_seeds or self.whole
        if abs(decisive.value or 0) < NOTHING:
            return None
        if decisive.low is None or decisive.high is None or decisive.low <= 0 <= decisive.high:
            return None
        return self.one if decisive.high < 0 else self.other

    @property
    def verdict(self) -> str:
        """The same in words, with the whole name."""
        return self.said({label: printable(label) for label in (self.one, self.other)})

    def said(self, names: Mapping[str, str]) -> str:
        """The same in words, with these names."""
        return "cannot be told apart" if self.better is None else f"{names[self.better]} is better"


def pair_rows(comparison: Comparison) -> list[PairRow]:
    """A row for each pair of models, in their order."""
    models = [label for label, kind in comparison.kinds.items() if kind == "model"]
    means, seeds = comparison.rows("difference_mean"), comparison.rows("difference_over_seeds")
    found = []
    for one, other in combinations(models, 2):
        mine, over = (rows.filter(pl.col("predictor") == f"{one} - {other}") for rows in (means, seeds))
        numbers = {shown: Estimate(*rest) for shown, *rest in mine.select(COLUMNS).iter_rows()}
        if None in numbers:
            whole = numbers.pop(None)
            over_seeds = {shown: Estimate(*rest) for shown, *rest in over.select(COLUMNS).iter_rows()}.get(None)
            found.append(PairRow(one, other, whole, numbers, over_seeds))
    return found


def pair_table(rows: list[PairRow], measure: Measure) -> Grid:
    """The same for a terminal."""
    short = shortened(label for row in rows for label in (row.one, row.other))
    columns = [column("over the\nprompt", (row.whole for row in rows))]
    if any(row.over_seeds for row in rows):
        columns.append(column("over seeds", (row.over_seeds or "-" for row in rows)))
    for shown in sorted({shown for row in rows for shown in row.milestones}):
        columns.append(column(measure.short_at(shown), (row.milestones.get(shown, "-") for row in rows)))
    columns.append(column("", (row.said(short) for row in rows), right=False))
    names = column("first - second", (f"{short[row.one]} - {short[row.other]}" for row in rows), right=False)
    return Grid(f"Differences on the same prompts: {measure.words}, 90% intervals", (names,), tuple(columns))


COLUMNS = ("shown", "value", "low", "high")
