"""Grids of numbers in colours.

Colours are one hue from paper to ink, so that a picture survives being printed in grey. Where numbers are below 0 they
have a second hue, and both are as dark as a number is far from 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.ticker import MaxNLocator

from icl_lab.report.drawing.axes import Picture, new_panel, new_picture
from icl_lab.report.drawing.style import LIGHT, Theme, styled

WIDTH = 7.4  # of a picture, in inches
LEFT, RIGHT, GAP, TITLE, FOOT, BAR = 0.62, 0.75, 0.42, 0.3, 0.5, 0.1
LABELLED = 1.5, 2.4  # inches left of rows with words, at least and at most
BETWEEN, TURNED = 0.4, 1.15  # inches between lines of grids, below columns with long words


@dataclass(frozen=True)
class HeatMap:
    """Numbers in a grid.

    Args:
        title: Above it.
        values: `(rows, columns)`; NaN is left empty.
        rows: A word for each row; their numbers where there is none.
        columns: A word for each column; likewise.
        across: What columns are, where that is not the same for all grids beside each other.
        turned: Whether the words of columns are written upwards, since they have no room beside each other.
        dots: Cells that are marked, `(row, column)` each.
    """

    title: str
    values: Float[np.ndarray, "rows columns"]
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    across: str = ""
    turned: bool = False
    dots: tuple[tuple[int, int], ...] = ()


@styled
def heat_maps(
    maps: Sequence[HeatMap],
    *,
    down: str,
    across: str,
    unit: str,
    theme: Theme = LIGHT,
    highest: float | None = None,
    signed: bool = False,
) -> Picture:
    """Grids beside each other, at most three in a line and four in two lines, in the same colours.

    Args:
        maps: What is drawn.
        down: What rows are, in words.
        across: What columns are.
        unit: What the colours mean.
        theme: Colours.
        highest: The number that has the darkest colour; the one farthest from 0 by default. 0 has none, and numbers
            beyond have the darkest as well.
        signed: Whether numbers below 0 have a hue of their own; otherwise they are as much as nothing.
    """
    columns = 2 if len(maps) == 4 else min(len(maps), 3)
    lines = math.ceil(len(maps) / columns)
    worded = any(one.rows for one in maps)
    longest = max((len(words) for one in maps for words in one.rows), default=0)
    # For rows with words, what the longest of them needs at about 0.07 inches a letter.
    left = min(LABELLED[1], max(LABELLED[0], 0.2 + 0.07 * longest)) if worded else LEFT
    gap = left if worded else GAP
    each = (WIDTH - left - RIGHT - gap * (columns - 1)) / columns
    each = min(each, 4.0)
    most = max(len(one.values) for one in maps)
    tall = min(3.2, max(1.2, each * max(_shape(one) for one in maps)), max(1.2, 0.4 * most))
    foot = TURNED if any(one.turned for one in maps) else FOOT
    height = foot + lines * (tall + TITLE) + BETWEEN * (lines - 1) + 0.05
    picture = new_picture(theme, WIDTH, height)
    known = np.concatenate([one.values[np.isfinite(one.values)].ravel() for one in maps])
    top = (float((np.abs(known) if signed else known).max(initial=0.0)) or 1.0) if highest is None else highest
    lowest = max(-top, float(known.min(initial=0.0))) if signed else 0.0
    scale = _Scale(lowest, min(top, float(known.max(initial=0.0))) if lowest < 0 else top, top)
    for place, one in enumerate(maps):
        line, column = divmod(place, columns)
        box = (left + column * (each + gap), height - (line + 1) * (TITLE + tall) - BETWEEN * line, each, tall)
        axes = new_panel(picture, theme, box)
        _fill(axes, one, scale, theme)
        if column == 0 and not one.rows:
            axes.set_ylabel(down, fontsize=8.5)
        if place + columns >= len(maps) or one.across:
            axes.set_xlabel(one.across or across, fontsize=8.5)
    _bar(picture, unit, scale, theme, (left + columns * each + (columns - 1) * gap + 0.12, foot, BAR, tall))
    return picture


def _shape(one: HeatMap) -> float:
    rows, columns = one.values.shape
    return rows / max(columns, 1)


@dataclass(frozen=True)
class _Scale:
    """From where to where colours are explained, the lowest at most 0, and how far from 0 the darkest are."""

    lowest: float
    highest: float
    farthest: float

    def colours(self, theme: Theme) -> dict[str, Any]:
        """What matplotlib calls them."""
        signed = self.lowest < 0
        return {
            "cmap": shades(theme, signed=signed),
            "vmin": -self.farthest if signed else 0.0,
            "vmax": self.farthest,
            "edgecolors": "face",
            "linewidth": 0.2,
        }


def shades(theme: Theme, *, signed: bool = False) -> Colormap:
    """The theme's shades and no others; what is missing has the grey of the grid."""
    colours = (*reversed(theme.below), *theme.shades) if signed else theme.shades
    return ListedColormap(colours, "shades").with_extremes(bad=theme.grid)


def _fill(axes: Axes, one: HeatMap, scale: _Scale, theme: Theme) -> None:
    axes.grid(visible=False)
    # Cells, not a picture: the page forbids itself to load any.
    rows, columns = (np.arange(size + 1) - 0.5 for size in one.values.shape)
    cells = np.ma.masked_invalid(one.values)
    axes.pcolormesh(columns, rows, cells, **scale.colours(theme))
    if one.dots:
        down, across = zip(*one.dots, strict=True)
        axes.plot(across, down, "o", color=theme.models[4], markersize=3.2, linestyle="none", clip_on=False)
    axes.set_ylim(rows[-1], rows[0])
    axes.set_xlim(columns[0], columns[-1])
    axes.set_title(one.title, fontsize=8.5, fontweight="bold", color=theme.ink, loc="left", parse_math=False)
    for words, axis in ((one.rows, axes.yaxis), (one.columns, axes.xaxis)):
        if words:
            step = math.ceil(len(words) / 16)
            axis.set_ticks(range(0, len(words), step), labels=words[::step])
            for label in (*axes.get_yticklabels(), *axes.get_xticklabels()):
                label.set_parse_math(False)
        else:
            axis.set_major_locator(MaxNLocator(integer=True, nbins=5, steps=[1, 2, 5, 10]))
    axes.tick_params(labelsize=7.5)
    if one.turned:
        axes.tick_params(axis="x", rotation=60)
        for label in axes.get_xticklabels():
            label.set(ha="right", va="center", rotation_mode="anchor")


def _bar(picture: Picture, unit: str, scale: _Scale, theme: Theme, box: tuple[float, float, float, float]) -> None:
    axes = new_panel(picture, theme, box)
    axes.grid(visible=False)
    ends = np.linspace(scale.lowest, scale.highest, 65)
    ramp = (ends[:-1, None] + ends[1:, None]) / 2
    axes.pcolormesh([0, 1], ends, ramp, **scale.colours(theme))
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    axes.tick_params(labelsize=7.5)
    axes.yaxis.set_label_position("right")
    axes.set_ylabel(unit, fontsize=7.5, color=theme.muted)
