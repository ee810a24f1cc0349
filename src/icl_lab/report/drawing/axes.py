"""What every picture shares: a frame with room for labels, the error axis, labels at the ends of curves."""

import io
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from icl_lab.report.drawing.placement import spread
from icl_lab.report.drawing.style import FONT, Look, Theme
from icl_lab.report.labels import shortened

LABEL_SIZE = 9.5
ROUNDING = 1e-6
"""Errors below this part of the largest are taken for rounding where only baselines are drawn."""
FAR = 30
"""A curve that is so many times below, or above, what decides how far the axis goes leaves the picture."""
LINE_HEIGHT = 1.3 * LABEL_SIZE / 72
"""Inches from one label to the next."""


class Picture(Figure):
    """A figure that a notebook shows by itself, without pyplot."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=144)
        return buffer.getvalue()


def new_picture(theme: Theme, width: float, height: float) -> Picture:
    """An empty picture; sizes in inches."""
    picture = Picture(figsize=(width, height), facecolor=theme.paper)
    FigureCanvasAgg(picture)
    return picture


def new_panel(picture: Figure, theme: Theme, box: tuple[float, float, float, float]) -> Axes:
    """An empty panel of a picture at (left, bottom, width, height), in inches."""
    width, height = picture.get_size_inches()
    axes = picture.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height))
    axes.set_facecolor(theme.paper)
    axes.grid(axis="y", color=theme.grid, linewidth=0.8, zorder=0)
    axes.set_axisbelow(True)
    axes.tick_params(color=theme.hair, labelcolor=theme.ink, length=3.5, width=0.8)
    axes.tick_params(which="minor", color=theme.hair, length=2, width=0.6)
    for spine in axes.spines.values():
        spine.set_color(theme.hair)
    for word in (axes.xaxis.label, axes.yaxis.label):
        word.set_color(theme.ink)
    return axes


def names_at_ends(labels: Iterable[str], styles: Mapping[str, Look]) -> dict[str, str]:
    """What is written for each predictor in a picture: a short name, and whether it is an oracle."""
    return {label: name + styles[label].note for label, name in shortened(labels).items()}


def frame_axes(
    theme: Theme,
    width: float,
    heights: Sequence[float],
    names: Iterable[str],
    columns: int = 1,
    *,
    names_left: bool = False,
) -> tuple[Picture, list[Axes]]:
    """A picture and its panels, row by row, with room for names on the right or left; sizes in inches."""
    picture = new_picture(theme, width, sum(heights))
    longest = max((_width(name) for name in names), default=0.0) / 72
    left, right = (0.35 + longest, 0.3) if names_left else (0.72, 0.55 + longest)
    bottom, top, gap = 0.52, 0.28 if names_left else 0.16, 0.3
    each = (width - left - right - gap * (columns - 1)) / columns
    panels = []
    for row, height in enumerate(heights):
        y = sum(heights[row + 1 :]) + bottom
        for column in range(columns):
            box = (left + column * (each + gap), y, each, height - bottom - top)
            panels.append(new_panel(picture, theme, box))
    return picture, panels


def error_axis(
    axes: Axes,
    models: Sequence[np.ndarray],
    everything: Sequence[np.ndarray],
    zero_error: float | None,
    *,
    is_share: bool = False,
) -> None:
    """Scale the axis of errors: logarithmic where they span more than a decade.

    A share of wrong answers is never so: none wrong among the prompts is a good answer, and has no logarithm.

    A baseline may be exact, its error nothing but rounding, or peak where it has as many examples as unknowns: the
    models and the zero predictor decide how far the axis goes, and a curve far from them leaves through the bottom or
    the top. Without models, what is nothing but rounding does.
    """
    values = _positive(everything)
    highest = max([*values, zero_error or 0.0], default=1.0)
    if len(_positive(models)):
        highest = min(highest, FAR * max([*_positive(models), zero_error or 0.0]))
    below = _positive(models) if len(_positive(models)) else values[values >= ROUNDING * highest]
    if is_share or not len(below) or highest <= 10 * below.min():
        axes.set_ylim(0, 1.12 * highest if highest > 0 else 1)
        return
    seen = values[values >= below.min() / FAR]
    axes.set_yscale("log")
    axes.set_ylim(seen.min() / 1.6, 1.7 * highest)
    decades = math.log10(highest / seen.min())
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 1.7 else (1.0,), numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def end_labels(
    picture: Figure, axes: Axes, ends: Mapping[str, float], styles: Mapping[str, Look], theme: Theme
) -> None:
    """Name each curve at its right end, in its colour, moved apart where needed; beyond the axis there is an arrow.

    Where there is no room for all names, all are set in smaller type.
    """
    height = axes.get_position().height * picture.get_size_inches()[1]
    to_axes = axes.transScale + axes.transLimits
    wanted = [float(np.clip(to_axes.transform((0, _drawable(axes, end)))[1], 0, 1)) for end in ends.values()]
    gap = LINE_HEIGHT / height
    size = LABEL_SIZE
    placed = spread(wanted, gap, 0.0, 1.0)
    if placed is None:
        fitting = 0.999 / (len(wanted) - 1)
        size = LABEL_SIZE * fitting / gap
        placed = spread(wanted, fitting, 0.0, 1.0)
        assert placed is not None
    names = names_at_ends(ends, styles)
    inch = 1 / (axes.get_position().width * picture.get_size_inches()[0])
    for (label, end), at, to in zip(ends.items(), wanted, placed, strict=True):
        look = styles[label]
        colour = look.colour(theme)
        low, high = axes.get_ylim()
        arrow = " \N{DOWNWARDS ARROW}" if end < low else " \N{UPWARDS ARROW}" if end > high else ""
        axes.add_line(
            Line2D(
                [1.0, 1 + 0.12 * inch, 1 + 0.32 * inch],
                [at, to, to],
                transform=axes.transAxes,
                color=colour,
                linewidth=0.9,
                linestyle=look.dash,
                clip_on=False,
                marker=look.marker or None,
                markevery=[2],
                markersize=5.2,
                markeredgecolor=theme.paper,
                markeredgewidth=0.7,
            )
        )
        axes.text(
            1 + 0.42 * inch,
            to,
            names[label] + arrow,
            transform=axes.transAxes,
            color=colour,
            fontsize=size,
            va="center",
            parse_math=False,
        )


def _width(words: str) -> float:
    """Of a label, in points. A dollar sign would begin mathematics; it is as wide as a letter."""
    return TextPath((0, 0), words.replace("$", "S"), LABEL_SIZE, prop=FontProperties(family=FONT)).get_extents().x1


def _positive(parts: Sequence[np.ndarray]) -> np.ndarray:
    values = np.concatenate([np.asarray(part, dtype=float).ravel() for part in parts]) if parts else np.empty(0)
    return values[np.isfinite(values) & (values > 0)]


def _drawable(axes: Axes, value: float) -> float:
    low, high = axes.get_ylim()
    return min(max(value, low), high)
