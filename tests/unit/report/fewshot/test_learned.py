"""What is learned: a row a task, and when it is called what."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from icl_lab.report.estimate import Estimate
from icl_lab.report.fewshot.data import read_fewshot
from icl_lab.report.fewshot.learned import Learned, learned
from icl_lab.report.fewshot.learned_table import learned_grids
from icl_lab.report.fewshot.tables import fewshot_tables


def test_the_table_has_all_tasks_and_the_means_of_several(folder: Path) -> None:
    found = read_fewshot(folder)
    (grid,) = learned_grids(found, "quick")
    assert grid.names[0].cells == ("next_letter", "country_capital", "religion", "= knowledge")
    assert grid.columns[0].cells == ("5", "32", "32", "")
    # Shuffled religions are often right by chance.
    needs = "needs its labels"
    assert grid.columns[-1].cells == (needs, needs, "rises whatever the labels", "labels help")
    assert grid in fewshot_tables(found)
    assert learned(found, "quick")[0].verdict == "rises"


def test_the_floor_is_the_better_of_both(folder: Path) -> None:
    found = read_fewshot(folder)
    copied = pl.col("metric") == "copied_input"
    for value in (0.0, 0.9):
        records = found.records.with_columns(value=pl.when(copied).then(value).otherwise(pl.col("value")))
        assert replace(found, records=records).floor("quick", "next_letter") == max(value, 1 / 25)


FEW, HIGH, ROSE = Estimate(0.1, 0.0, 0.2), Estimate(0.7, 0.6, 0.8), Estimate(0.6, 0.5, 0.7)
LOST, SOME, LITTLE = Estimate(0.5, 0.4, 0.6), Estimate(0.1, 0.05, 0.15), Estimate(0.05, -0.1, 0.2)
MORE, LESS, OPEN = Estimate(0.2, 0.1, 0.3), Estimate(-0.2, -0.3, -0.1), Estimate(0.0, -0.1, 0.1)


def row(
    end: Estimate = HIGH,
    rise: Estimate = ROSE,
    lost: tuple[Estimate, Estimate] | None = None,
    floor: float = 0.1,
    start: Estimate = FEW,
) -> Learned:
    found = Learned("task", False, 0, 16, start, end, rise, floor)
    if lost is None:
        return found
    return replace(found, control="shuffled", wrong=Estimate(0.2, 0.15, 0.25), fall=lost[0], over_half=lost[1])


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (row(), "rises"),
        (row(lost=(LOST, MORE)), "needs its labels"),
        # A fall of more than half, of which it is not sure.
        (row(lost=(LOST, OPEN)), "labels help"),
        (row(lost=(SOME, LESS)), "labels help"),
        (row(lost=(LITTLE, LESS)), "rises whatever the labels"),
        (row(lost=(LITTLE, OPEN)), "rises, labels unclear"),
        # Words that two languages share make up all of it, or perhaps all.
        (row(lost=(LOST, MORE), floor=0.75), "rises to the floor"),
        (row(lost=(LOST, MORE), floor=0.65), "rises, floor unclear"),
        (row(rise=Estimate(0.02, -0.05, 0.09), lost=(LOST, MORE)), "does not rise"),
        (row(rise=Estimate(-0.3, -0.4, -0.2)), "does not rise"),
        (row(rise=Estimate(0.2, -0.01, 0.41)), "rise unclear"),
        (row(rise=Estimate(0.1, -0.1, 0.3), start=Estimate(0.9, 0.7, 0.97)), "right from the start"),
        (row(rise=Estimate(0.1, -0.1, 0.3), start=Estimate(0.9, 0.7, 0.97), floor=0.8), "rise unclear"),
        # One set of queries has no interval, and decides nothing.
        (row(end=Estimate(0.7), rise=Estimate(0.6), lost=(Estimate(0.5), Estimate(0.2))), "too few sets"),
    ],
)
def test_verdicts(found: Learned, verdict: str) -> None:
    assert found.verdict == verdict


def test_what_falls_and_is_not_surely_above_the_floor_any_more_is_said_to_be_so() -> None:
    assert row(lost=(LOST, MORE), floor=0.16).to_the_floor
    assert not row(lost=(LOST, MORE), floor=0.14).to_the_floor
    # It was not above before, and it does not fall.
    assert not row(end=Estimate(0.2, 0.1, 0.3), lost=(LOST, MORE), floor=0.16).to_the_floor
    assert not row(lost=(LITTLE, OPEN), floor=0.16).to_the_floor
    assert not row().to_the_floor
