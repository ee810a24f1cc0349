"""Numbers as dots with their intervals, from top to bottom, beside levels to compare them with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from icl_lab.report.drawing.axes import Picture, new_panel, new_picture
from icl_lab.report.drawing.style import LIGHT, Theme, styled
from icl_lab.report.probe.parts import FOOT, WIDTH


@dataclass(frozen=True)
class Bar:
    """A number with its interval.

    Args:
        words: What it belongs to.
        value: The number.
        low: Lower end; NaN for none.
        high: Upper end.
    """

    words: str
    value: float
    low: float = math.nan
    high: float = math.nan


@styled
def error_dots(
    rows: Sequence[Bar], *, across: str, lines: Sequence[tuple[str, float]] = (), theme: Theme = LIGHT
) -> Picture:
    """Errors as dots from top to bottom, with labelled hairlines to compare them with.

    Args:
        rows: The numbers.
        across: What they are, in words.
        lines: Levels with a word each: the intact network, the zero predictor.
        theme: Colours.
    """
    tall = 0.19 * len(rows) + 0.2
    height = tall + FOOT + 0.35
    picture = new_picture(theme, WIDTH, height)
    axes = new_panel(picture, theme, (2.3, FOOT, WIDTH - 2.3 - 0.4, tall))
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=theme.grid, linewidth=0.8)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    colour = theme.models[0]
    for place, row in enumerate(rows):
        if np.isfinite([row.low, row.high]).all():
            axes.plot([row.low, row.high], [place, place], color=colour, linewidth=2.2, alpha=0.45, zorder=3)
        axes.plot([row.value], [place], "o", color=colour, markersize=4.5, zorder=4)
    ends = [end for row in rows for end in (row.value, row.high)] + [level for _, level in lines]
    least = min((row.low for row in rows if np.isfinite(row.low)), default=0.0)
    axes.set_xlim(1.08 * min(0.0, least), 1.08 * max((end for end in ends if np.isfinite(end)), default=1.0))
    near, raised = 0.2 * axes.get_xlim()[1], False
    for number, (words, level) in enumerate(lines):
        # Beside another level's word there is no room at the same height.
        raised = not raised and any(abs(level - other) < near for _, other in lines[:number])
        axes.axvline(level, color=theme.hair, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
        axes.annotate(
            words, (level, 1), xycoords=axes.get_xaxis_transform(), xytext=(0, 13 if raised else 3),
            textcoords="offset points", ha="center", fontsize=8, color=theme.muted,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), labels=[row.words for row in rows], parse_math=False)
    axes.tick_params(axis="y", length=0, labelsize=7.5)
    axes.set_xlabel(across, fontsize=8.5)
    return picture
