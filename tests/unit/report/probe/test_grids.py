"""Pictures of what is inside a network: the numbers of a grid are its colours, and words are where they belong."""

import re

import numpy as np
import pytest

from icl_lab.report.drawing.pictures import inline_svg
from icl_lab.report.drawing.style import DARK, LIGHT
from icl_lab.report.probe.bars import Bar, error_dots
from icl_lab.report.probe.grids import HeatMap, heat_maps, shades

VALUES = np.array([[0.0, 0.5], [np.nan, 1.0], [0.2, -0.1]])


def test_the_numbers_of_a_grid_are_its_colours_on_one_scale() -> None:
    maps = [HeatMap("one", VALUES), HeatMap("two", 2 * VALUES)]
    picture = heat_maps(maps, down="answer", across="example", unit="share")
    one, two, bar = picture.axes
    assert np.array_equal(one.collections[0].get_array().filled(np.nan), VALUES, equal_nan=True)
    assert [axes.collections[0].get_clim() for axes in (one, two, bar)] == [(0.0, 2.0)] * 3
    assert [axes.get_title(loc="left") for axes in (one, two)] == ["one", "two"]
    assert [axes.get_xlabel() for axes in (one, two)] == ["example", "example"]
    assert one.get_ylabel() == "answer"
    assert bar.get_ylabel() == "share"


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_nothing_is_paper_most_is_ink_and_missing_is_neither(theme: object) -> None:
    colours = shades(theme)
    paper, ink, missing = colours(0.0), colours(1.0), colours(np.nan)
    assert len({paper, ink, missing}) == 3
    # Below zero: as much as nothing.
    assert colours(-0.5) == paper


def test_rows_with_words_are_named() -> None:
    (axes, _) = heat_maps([HeatMap("", VALUES, rows=("a", "b", "c"))], down="", across="", unit="").axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]


def test_many_grids_take_several_lines_within_the_picture() -> None:
    picture = heat_maps([HeatMap(str(i), VALUES) for i in range(7)], down="d", across="a", unit="u", highest=3.0)
    boxes = [axes.get_position() for axes in picture.axes]
    assert len(boxes) == 8
    assert all(0 <= box.x0 < box.x1 <= 1 and 0 <= box.y0 < box.y1 <= 1 for box in boxes)
    assert len({round(box.y0, 6) for box in boxes[:-1]}) == 3
    assert picture.axes[0].collections[0].get_clim() == (0.0, 3.0)


def test_errors_are_dots_with_their_intervals_beside_levels() -> None:
    rows = [Bar("block 0", 0.5, 0.4, 0.7), Bar("block 1", 0.2)]
    (axes,) = error_dots(rows, across="error / zero error", lines=[("intact", 0.1), ("zero predictor", 1.0)]).axes
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [(dot.get_xdata()[0], dot.get_ydata()[0]) for dot in dots] == [(0.5, 0), (0.2, 1)]
    intervals = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_linewidth() > 2]
    assert [list(line.get_xdata()) for line in intervals] == [[0.4, 0.7]]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["block 0", "block 1"]
    assert {text.get_text() for text in axes.texts} == {"intact", "zero predictor"}
    assert axes.get_xlim()[1] > 1.0


def test_on_a_page_every_cell_has_a_colour_that_dark_paper_changes() -> None:
    cells = HeatMap("", np.linspace(0.0, 1.0, 12).reshape(3, 4))
    svg = inline_svg(heat_maps([cells], down="d", across="a", unit="u"), "map", "")
    fills = set(re.findall(r"fill: ([^;\"]+)", svg))
    assert sum("--shade-" in fill for fill in fills) > 10
    assert not [fill for fill in fills if fill.startswith("#")]
    names = {name for name in LIGHT.variables() if name.startswith("--shade-")}
    assert names == {name for name in DARK.variables() if name.startswith("--shade-")}
    assert (DARK.shades[0], DARK.shades[-1]) == (DARK.paper, DARK.ink)
