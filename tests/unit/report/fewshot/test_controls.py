"""What labels are worth: a table of all categories, and when a fall is clear."""

from pathlib import Path

from icl_lab.report.estimate import Estimate
from icl_lab.report.fewshot.controls import Controlled, control_grid
from icl_lab.report.fewshot.data import read_fewshot
from icl_lab.report.fewshot.tables import fewshot_tables


def test_the_controls_have_a_table_of_all_categories(folder: Path) -> None:
    found = read_fewshot(folder)
    grid = control_grid(found, "quick")
    assert grid is not None
    assert grid.names[0].cells == ("algorithmic", "knowledge")
    assert grid.columns[0].cells == ("5", "32")
    assert grid.columns[-1].cells == ("down to the floor", "a clear fall")
    assert grid in fewshot_tables(found)


def test_intervals_that_overlap_are_no_clear_fall() -> None:
    def verdict(true: Estimate, wrong: Estimate) -> str:
        return Controlled("knowledge", "random", 4, true, wrong, floor=0.1).verdict

    assert verdict(Estimate(0.6, 0.5, 0.7), Estimate(0.5, 0.4, 0.55)) == "no clear fall"
    assert verdict(Estimate(0.6, 0.5, 0.7), Estimate(0.4, 0.3, 0.45)) == "a clear fall"
    assert verdict(Estimate(0.6, 0.5, 0.7), Estimate(0.15, 0.1, 0.3)) == "down to the floor"
    # It cannot fall from the floor to the floor.
    assert verdict(Estimate(0.1, 0.0, 0.2), Estimate(0.1, 0.0, 0.2)) == "no clear fall"
