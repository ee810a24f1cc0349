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
    assert grid.columns[-1].cells == (needs, needs, "rises whatever the labels", needs)
    assert grid in fewshot_tables(found)
    assert learned(found, "quick")[0].verdict == "rises"


def test_the_floor_is_the_better_of_both(folder: Path) -> None:
    found = read_fewshot(folder)
    copied = pl.col("metric") == "copied_input"
    for value in (0.0, 0.9):
        records = found.records.with_columns(value=pl.when(copied).then(value).otherwise(pl.col("value")))
        assert replace(found, records=records).floor("quick", "next_letter") == max(value, 1 / 25)


def row(end: Estimate, rise: Estimate, fall: Estimate | None = None, floor: float = 0.1) -> Learned:
    wrong = None if fall is None else Estimate(0.2, 0.15, 0.25)
    return Learned("task", False, 0, 16, Estimate(0.1), end, rise, floor, "shuffled" if fall else "", wrong, fall)


HIGH, ROSE = Estimate(0.7, 0.6, 0.8), Estimate(0.6, 0.5, 0.7)


@pytest.mark.parametrize(
    ("end", "rise", "fall", "floor", "verdict"),
    [
        (HIGH, ROSE, None, 0.1, "rises"),
        (HIGH, ROSE, Estimate(0.5, 0.4, 0.6), 0.1, "needs its labels"),
        (HIGH, ROSE, Estimate(0.1, 0.05, 0.15), 0.1, "labels help"),
        (HIGH, ROSE, Estimate(0.05, -0.1, 0.2), 0.1, "rises whatever the labels"),
        (HIGH, ROSE, Estimate(0.3, -0.1, 0.7), 0.1, "rises, labels unclear"),
        # Words that two languages share make up all of it.
        (HIGH, ROSE, Estimate(0.5, 0.4, 0.6), 0.65, "no more than the floor"),
        (HIGH, Estimate(0.05, -0.05, 0.15), Estimate(0.5, 0.4, 0.6), 0.1, "does not rise"),
        (HIGH, Estimate(-0.3, -0.4, -0.2), None, 0.1, "does not rise"),
        # One set of queries has no interval.
        (Estimate(0.7), Estimate(0.6), Estimate(0.5), 0.1, "needs its labels"),
    ],
)
def test_verdicts(end: Estimate, rise: Estimate, fall: Estimate | None, floor: float, verdict: str) -> None:
    assert row(end, rise, fall, floor).verdict == verdict


def test_what_is_not_surely_above_the_floor_is_down_to_it() -> None:
    assert row(HIGH, ROSE, Estimate(0.5, 0.4, 0.6), floor=0.16).to_the_floor
    assert not row(HIGH, ROSE, Estimate(0.5, 0.4, 0.6), floor=0.14).to_the_floor
    assert not row(HIGH, ROSE).to_the_floor
