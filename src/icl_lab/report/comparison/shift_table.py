"""Errors under every shift, predictor by predictor: as rows, for the page, for the terminal."""

from dataclasses import dataclass

import polars as pl

from icl_lab.report import words
from icl_lab.report.comparison.data import Comparison
from icl_lab.report.estimate import Estimate
from icl_lab.report.grid import Grid, column
from icl_lab.report.labels import shortened

UNSHIFTED = "as in training"


@dataclass(frozen=True)
class ShiftRow:
    """All predictors at one point of the curve under one shift.

    Args:
        shift: Its name; `UNSHIFTED` for none.
        shown: Examples before the query.
        cells: Label -> accuracy where the task has one, else the error in the unit of the metric; none where refused.
        zero: The same of the zero predictor.
    """

    shift: str
    shown: int
    cells: dict[str, Estimate | None]
    zero: float | None


def shift_rows(comparison: Comparison) -> list[ShiftRow]:
    """A row for each shift and milestone, the prompts of training first; nothing where nothing was shifted."""
    shifted = comparison.shifts() + comparison.lengths()
    return [row for shift in ("", *shifted) for row in _rows(comparison, shift)] if shifted else []


def shift_table(rows: list[ShiftRow], comparison: Comparison) -> Grid:
    """The same for a terminal."""
    measure = comparison.measure
    what = words.plain(measure.complement) if measure.complement else measure.words
    shifts = shortened(row.shift for row in rows)
    names = (
        column("prompts", (shifts[row.shift] for row in rows), right=False),
        column(measure.short_at(0).split()[0], (row.shown for row in rows)),
    )
    columns = []
    for label, short in shortened(comparison.kinds, 20).items():
        cells = (row.cells[label] for row in rows)
        columns.append(column(short, (words.number(cell.value) if cell else "-" for cell in cells)))
    columns.append(column(measure.zero, (words.number(row.zero) for row in rows)))
    return Grid(f"Changed prompts: {what}", names, tuple(columns))


def _rows(comparison: Comparison, shift: str) -> list[ShiftRow]:
    """At the points that `relative_error` rows mark."""
    marks = comparison.rows("relative_error_mean", shift)["shown"].unique().sort().to_list()
    curves = comparison.rows(f"{comparison.complement or comparison.metric}_mean", shift)
    zero = comparison.number("zero_error", "zero", shift)
    if zero is not None and comparison.complement:
        zero = 1 - zero
    found = []
    for shown in marks:
        here = curves.filter(pl.col("shown") == shown).unique("predictor", keep="last")
        estimates = {label: Estimate(*numbers) for label, *numbers in here.select(COLUMNS).iter_rows()}
        cells = {label: estimates.get(label) for label in comparison.kinds}
        found.append(ShiftRow(shift or UNSHIFTED, shown, cells, zero))
    return found


COLUMNS = ("predictor", "value", "low", "high")
