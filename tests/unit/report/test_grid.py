import io

import pytest
from rich.console import Console

from icl_lab.report.estimate import Estimate
from icl_lab.report.grid import Grid, column


def lines(grid: Grid, width: int) -> list[str]:
    console = Console(width=width, file=io.StringIO())
    with console.capture() as captured:
        console.print(grid)
    return captured.get().splitlines()


def wide(columns: int) -> Grid:
    names = column("predictor", ("mamba", "clean_least_squares(outliers=orthogonal) (oracle)"), right=False)
    numbers = [column(f"number {i}", (Estimate(0.5, 0.4, 0.6), Estimate(-0.25, -0.5, 1.5))) for i in range(columns)]
    return Grid("A title", (names,), tuple(numbers))


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("columns", [1, 3, 12])
def test_every_table_fits_the_terminal_and_loses_nothing(width: int, columns: int) -> None:
    shown = lines(wide(columns), width)
    assert max(len(line) for line in shown) <= width
    text = "\n".join(shown)
    assert all(f"number {i}" in text for i in range(columns))
    assert text.count("0.400 to 0.600") == text.count("-0.500 to 1.50") == columns
    assert "\N{HORIZONTAL ELLIPSIS}" not in text


def test_intervals_are_beside_their_numbers_where_there_is_room() -> None:
    assert any("0.500 (0.400 to 0.600)" in line for line in lines(wide(1), 80))
    assert not any("(0.400" in line for line in lines(wide(3), 80))


def test_a_long_name_is_folded_at_its_parenthesis() -> None:
    shown = [line.split("  0.5")[0].rstrip() for line in lines(wide(1), 80)]
    at = next(place for place, line in enumerate(shown) if line.startswith("clean_least_squares("))
    assert shown[at].split()[0] == "clean_least_squares("
    assert shown[at + 1].startswith("  outliers=orthogonal)")


def test_a_parenthesis_after_a_blank_goes_with_what_it_opens() -> None:
    table = Grid("", (column("method", ["6 steps of gradient descent (step_size=cautious)"], right=False),), ())
    shown = [line.rstrip() for line in lines(table, 80)]
    assert "6 steps of gradient descent" in shown
    assert "  (step_size=cautious)" in shown
