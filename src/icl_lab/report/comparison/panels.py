"""Learning curves under many shifts: a small panel for each, with one legend for all."""

import math
from collections.abc import Mapping, Sequence

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from icl_lab.report.comparison.data import Published
from icl_lab.report.drawing.axes import Picture, names_at_ends, new_panel, new_picture
from icl_lab.report.drawing.dots import draw_dots, is_single
from icl_lab.report.drawing.lines import draw_learning_curves, learning_curves
from icl_lab.report.drawing.style import LIGHT, Look, Theme, styled
from icl_lab.report.labels import shortened
from icl_lab.report.words import Measure

WIDTH, HEIGHT = 7.4, 1.75  # of the picture and of one panel, in inches
LEFT, RIGHT, GAP = 0.62, 0.12, 0.5
TITLE, FOOT, LINE = 0.28, 0.5, 0.22


@styled
def shift_panels(
    records: pl.DataFrame,
    measure: Measure,
    styles: Mapping[str, Look],
    shifts: Sequence[str],
    *,
    published: Sequence[Published] = (),
    theme: Theme = LIGHT,
) -> Picture:
    """A panel for each shift, two beside each other or, of many, three; each has its own axis of errors.

    Args:
        records: Rows with the columns of `Record`.
        measure: What the curves show.
        styles: The look of each predictor.
        shifts: Which shifts, in order.
        published: Published curves, drawn as light bands in the panel of their shift.
        theme: Colours.
    """
    columns = min(len(shifts), 2 if len(shifts) <= 4 else 3)
    lines = math.ceil(len(shifts) / columns)
    parts = {shift: records.filter(pl.col("shift") == shift) for shift in shifts}
    drawn = {shift: learning_curves(rows, measure.metric, styles) for shift, rows in parts.items()}
    labels = [label for label in styles if any(label in curves for curves in drawn.values())]
    head = LINE * (1 + math.ceil(len(labels) / _legend_columns(labels, styles)))
    height = head + lines * (TITLE + HEIGHT) + FOOT + 0.28 * (lines - 1)
    picture = new_picture(theme, WIDTH, height)
    heads = shortened(shifts, 40 if columns < 3 else 27)
    each = (WIDTH - LEFT - RIGHT - GAP * (columns - 1)) / columns
    for place, (shift, curves) in enumerate(drawn.items()):
        row, column = divmod(place, columns)
        x = LEFT + column * (each + GAP)
        y = height - head - (row + 1) * (TITLE + HEIGHT) - 0.28 * row
        axes = new_panel(picture, theme, (x, y, each, HEIGHT))
        if is_single(curves):
            # In the order and the colours of the legend, which names them.
            draw_dots(axes, parts[shift], curves, measure, styles, theme, named=False, small=True)
            if place + columns >= len(shifts):
                axes.set_xlabel(measure.words, fontsize=8.5)
            _head(axes, heads[shift], theme)
            continue
        draw_learning_curves(
            axes,
            parts[shift],
            curves,
            measure,
            styles,
            theme,
            published=[one for one in published if one.shift == shift],
            named=False,
        )
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5, steps=[1, 2, 5, 10]))
        _head(axes, heads[shift], theme)
        if column == 0:
            axes.set_ylabel(measure.words if len(measure.words) < 26 else "error", fontsize=8.5)
        if place + columns >= len(shifts):
            axes.set_xlabel(measure.axis, fontsize=8.5)
    _legend(picture, labels, styles, theme, height)
    return picture


def _head(axes: Axes, shift: str, theme: Theme) -> None:
    axes.text(
        0, 1.06, shift, transform=axes.transAxes, fontsize=8.5, fontweight="bold", color=theme.ink,
        parse_math=False,
    )  # fmt: skip
    axes.tick_params(labelsize=8)


def _legend_columns(labels: Sequence[str], styles: Mapping[str, Look]) -> int:
    """As many names side by side as fit, at most four."""
    longest = max((len(name) for name in names_at_ends(labels, styles).values()), default=0)
    return 4 if longest <= 21 else 3 if longest <= 29 else 2


def _legend(picture: Figure, labels: Sequence[str], styles: Mapping[str, Look], theme: Theme, height: float) -> None:
    """The names above the panels, each after a piece of its line; words that fit their column."""
    columns, names = _legend_columns(labels, styles), names_at_ends(labels, styles)
    step = (WIDTH - LEFT - RIGHT) / columns
    for place, label in enumerate(labels):
        line, column = divmod(place, columns)
        x, y = (LEFT + column * step) / WIDTH, 1 - LINE * (line + 0.7) / height
        look = styles[label]
        picture.add_artist(
            Line2D(
                [x, x + 0.14 / WIDTH, x + 0.28 / WIDTH],
                [y, y, y],
                color=look.colour(theme),
                linestyle=look.dash,
                linewidth=look.width,
                marker=look.marker or None,
                markevery=[1],
                markersize=4.8,
                markeredgecolor=theme.paper,
                markeredgewidth=0.7,
            )
        )
        name = names[label]
        picture.text(
            x + 0.36 / WIDTH, y, name, fontsize=8.5,
            va="center_baseline", color=look.colour(theme), parse_math=False,
        )  # fmt: skip
