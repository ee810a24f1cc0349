"""Differences of models, pair by pair, on the same prompts: as rows, for the page, for the terminal."""

from dataclasses import dataclass
from itertools import combinations

import polars as pl
from rich.table import Table
from rich.text import Text

from icl_lab.report import words
from icl_lab.report.data import Comparison
from icl_lab.report.tables import Estimate
from icl_lab.report.words import Measure


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
    def verdict(self) -> str:
        """Who has the smaller error, if anybody: over trainings where there are several, else over these prompts."""
        decisive = self.over_seeds or self.whole
        if decisive.low is None or decisive.high is None or decisive.low <= 0 <= decisive.high:
            return "cannot be told apart"
        return f"{words.clipped(self.one if decisive.high < 0 else self.other)} is better"


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


def pair_table(rows: list[PairRow], measure: Measure) -> Table:
    """The same for a terminal."""
    title = f"Differences on the same prompts: {measure.words}, 90% intervals"
    table = Table(title=title, title_justify="left", header_style="bold")
    table.add_column("first - second", overflow="fold", max_width=34)
    table.add_column("over the prompt", justify="right")
    if any(row.over_seeds for row in rows):
        table.add_column("over seeds", justify="right")
    marks = sorted({shown for row in rows for shown in row.milestones})
    for shown in marks:
        table.add_column(measure.short_at(shown), justify="right")
    table.add_column("", overflow="fold", max_width=30)
    for row in rows:
        cells = [str(row.whole)]
        if any(other.over_seeds for other in rows):
            cells.append(str(row.over_seeds or "-"))
        cells += [str(row.milestones.get(shown, "-")) for shown in marks]
        name = f"{words.clipped(row.one)} - {words.clipped(row.other)}"
        table.add_row(Text(name), *cells, Text(row.verdict))
    return table


COLUMNS = ("shown", "value", "low", "high")
