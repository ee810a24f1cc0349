"""The pictures that show several parts of a study: points with names, lines over parts, dots for trainings."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from icl_lab.report.drawing.axes import Picture, end_labels, error_axis, frame_axes, names_at_ends
from icl_lab.report.drawing.lines import Curve, draw, hairline
from icl_lab.report.drawing.style import LIGHT, Look, Theme, styled
from icl_lab.report.labels import shortened
from icl_lab.report.study.points import Point
from icl_lab.report.words import amount

ERROR = "error / error of the zero predictor"
WIDTH = 7.4
ROW = 0.5
"""Inches for the dots of one model."""
NEVER = 2.5
"""How far right of everything else what never happens is drawn, as a factor."""


@styled
def points_figure(
    points: Mapping[str, tuple[float, Point]], axis: str, styles: Mapping[str, Look], theme: Theme = LIGHT
) -> Picture:
    """A marker with its interval for each model, named at the right at its height.

    Args:
        points: Label -> x, and the error over that of the zero predictor.
        axis: What x is.
        styles: The look of each model.
        theme: Colours.
    """
    names = names_at_ends(points, styles).values()
    picture, (axes,) = frame_axes(theme, width=WIDTH, heights=[max(3.6, 0.27 * len(points) + 1)], names=names)
    ys = np.array([point.value for _, point in points.values()])
    error_axis(axes, [ys], [ys], 1.0)
    axes.set_xscale("log")
    xs = [x for x, _ in points.values()]
    axes.set_xlim(min(xs) / 1.6, 1.6 * max(xs))
    _large_numbers(axes)
    hairline(axes, theme, "zero predictor", y=1.0)
    for label, (x, point) in points.items():
        height, colour = _shown(axes, point.value), styles[label].colour(theme)
        axes.plot([x, axes.get_xlim()[1]], [height, height], color=colour, linewidth=0.6, alpha=0.4, zorder=1)
        _marker(axes, x, point, styles[label], theme)
    axes.set_xlabel(axis)
    axes.set_ylabel(ERROR)
    end_labels(picture, axes, {label: point.value for label, (_, point) in points.items()}, styles, theme)
    return picture


@styled
def training_cost_figure(
    lines: Mapping[str, Mapping[float, tuple[str, Point]]], styles: Mapping[str, Look], theme: Theme = LIGHT
) -> Picture:
    """A line for each model over the operations of its training, a marker with its interval for each part.

    Args:
        lines: Label -> operations of training -> the part's word, and the error over that of the zero predictor.
        styles: The look of each model.
        theme: Colours.
    """
    names = names_at_ends(lines, styles).values()
    picture, (axes,) = frame_axes(theme, width=WIDTH, heights=[4.1], names=names)
    ys = np.array([point.value for line in lines.values() for _, point in line.values()])
    error_axis(axes, [ys], [ys], 1.0)
    axes.set_xscale("log")
    xs = [x for line in lines.values() for x in line]
    axes.set_xlim(min(xs) / 1.5, 1.5 * max(xs))
    _large_numbers(axes)
    hairline(axes, theme, "zero predictor", y=1.0)
    for label, line in lines.items():
        colour, along = styles[label].colour(theme), sorted(line)
        heights = [_shown(axes, line[x][1].value) for x in along]
        axes.plot(along, heights, color=colour, linewidth=1.4, alpha=0.8, zorder=2)
        for x in along:
            word, point = line[x]
            _marker(axes, x, point, styles[label], theme)
            axes.annotate(
                word, (x, _shown(axes, point.value)), xytext=(6, 5), textcoords="offset points", fontsize=7,
                color=colour, parse_math=False,
            )  # fmt: skip
    axes.set_xlabel("FLOPs of training")
    axes.set_ylabel(f"{ERROR}, at the end")
    end_labels(picture, axes, {label: line[max(line)][1].value for label, line in lines.items()}, styles, theme)
    return picture


@styled
def parts_figure(
    panels: Sequence[tuple[str, Mapping[str, Mapping[float, Point]]]],
    axis: str,
    styles: Mapping[str, Look],
    theme: Theme = LIGHT,
) -> Picture:
    """A line for each predictor over a number that grows from part to part; panels share their axes.

    Args:
        panels: Heading, and label -> x -> error over that of the zero predictor.
        axis: What x is.
        styles: The look of each predictor.
        theme: Colours.
    """
    labels = [label for label in styles if any(label in lines for _, lines in panels)]
    names = names_at_ends(labels, styles).values()
    picture, drawn = frame_axes(theme, width=WIDTH, heights=[4.1], names=names, columns=len(panels))
    models = [point.value for _, lines in panels for label in lines if styles[label].marker
              for point in lines[label].values()]  # fmt: skip
    everything = [point.value for _, lines in panels for line in lines.values() for point in line.values()]
    xs = sorted({x for _, lines in panels for line in lines.values() for x in line})
    for place, (axes, (heading, lines)) in enumerate(zip(drawn, panels, strict=True)):
        error_axis(axes, [np.array(models)], [np.array(everything)], 1.0)
        axes.set_xscale("log")
        axes.set_xlim(xs[0] / 1.3, 1.3 * xs[-1])
        _ticks(axes, xs)
        hairline(axes, theme, "zero predictor", y=1.0)
        for label, line in lines.items():
            draw(axes, _curve(line), styles[label], theme, first_marker=0)
            _single_trainings(axes, line, styles[label].colour(theme))
        axes.annotate(
            heading, (0, 1), xycoords="axes fraction", xytext=(0, 2), textcoords="offset points", fontsize=8.5,
            fontweight="bold", color=theme.ink, parse_math=False,
        )  # fmt: skip
        axes.set_xlabel(axis)
        if place:
            axes.tick_params(labelleft=False)
    drawn[0].set_ylabel(ERROR)
    ends = {label: line[max(line)].value for label, line in panels[-1][1].items()}
    end_labels(picture, drawn[-1], ends, styles, theme)
    return picture


@styled
def times_figure(
    columns: Sequence[tuple[str, Mapping[str, Mapping[str, Sequence[float]]]]],
    limits: Sequence[float],
    styles: Mapping[str, Look],
    theme: Theme = LIGHT,
) -> Picture:
    """Dots on logarithmic axes: a panel for each unit, a row for each model, in it a line of dots for each part.

    Args:
        columns: Unit, and model -> part's word -> its trainings, infinite where it never happens.
        limits: For each unit, how long it was looked for.
        styles: The look of each model.
        theme: Colours.
    """
    labels = [label for label in styles if any(label in rows for _, rows in columns)]
    short = shortened(labels)
    height = 0.9 + ROW * len(labels)
    picture, drawn = frame_axes(
        theme, width=WIDTH, heights=[height], names=short.values(), columns=len(columns), names_left=True
    )
    for place, (axes, (unit, rows), limit) in enumerate(zip(drawn, columns, limits, strict=True)):
        _time_panel(axes, [rows.get(label, {}) for label in labels], limit, [styles[label] for label in labels], theme)
        axes.set_xlabel(unit)
        axes.set_yticks(range(len(labels)))
        axes.set_yticklabels([] if place else [short[label] for label in labels], parse_math=False)
        axes.tick_params(axis="y", length=0)
        for label, tick in zip(labels, axes.get_yticklabels(), strict=False):
            tick.set_color(styles[label].colour(theme))
    return picture


def _time_panel(
    axes: Axes, rows: Sequence[Mapping[str, Sequence[float]]], limit: float, looks: Sequence[Look], theme: Theme
) -> None:
    values = [value for row in rows for trainings in row.values() for value in trainings]
    known = [value for value in values if np.isfinite(value)]
    last = max([*known, limit])
    axes.set_xscale("log")
    ever = NEVER * last
    missed = any(value == np.inf for value in values)
    axes.set_xlim(min([*known, last]) / 2, (1.5 * ever) if missed else 2.2 * last)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=theme.grid, linewidth=0.8)
    _large_numbers(axes)
    if missed:
        axes.axvline(ever, color=theme.hair, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
        axes.annotate(
            "not reached", (ever, 1), xycoords=axes.get_xaxis_transform(), xytext=(0, 3), textcoords="offset points",
            ha="center", fontsize=8, color=theme.muted,
        )  # fmt: skip
    for place, (row, look) in enumerate(zip(rows, looks, strict=True)):
        for number, (word, trainings) in enumerate(row.items()):
            y = place + 0.7 * ((number + 0.5) / len(row) - 0.5)
            colour = look.colour(theme)
            xs = [ever if value == np.inf else value for value in trainings if not np.isnan(value)]
            if not xs:
                continue
            axes.plot([min(xs), max(xs)], [y, y], color=colour, linewidth=1.2, alpha=0.6, zorder=2)
            for x in xs:
                face = theme.paper if x == ever else colour
                axes.plot([x], [y], look.marker, color=colour, markerfacecolor=face, markersize=4.5, zorder=4)
            axes.annotate(
                word, (max(xs), y), xytext=(5, 0), textcoords="offset points", va="center", fontsize=6.5,
                color=theme.muted, parse_math=False, annotation_clip=False,
            )  # fmt: skip


def _marker(axes: Axes, x: float, point: Point, look: Look, theme: Theme) -> None:
    """A point with its interval, and a dash for each training where there are several."""
    colour = look.colour(theme)
    if np.isfinite([point.low, point.high]).all():
        ends = [_shown(axes, point.low), _shown(axes, point.high)]
        axes.plot([x, x], ends, color=colour, linewidth=2.2, alpha=0.45, solid_capstyle="butt", zorder=3)
    if len(point.trainings) > 1:
        heights = [_shown(axes, one) for one in point.trainings]
        axes.plot([x] * len(heights), heights, "_", color=colour, markersize=13, zorder=3)
    height = _shown(axes, point.value)
    axes.plot([x], [height], marker=look.marker, color=colour, markersize=7, markeredgecolor=theme.paper, zorder=4)


def _curve(line: Mapping[float, Point]) -> Curve:
    xs = sorted(line)
    y, low, high = (np.array([getattr(line[x], name) for x in xs]) for name in ("value", "low", "high"))
    return Curve(np.array(xs), y, low, high)


def _single_trainings(axes: Axes, line: Mapping[float, Point], colour: str) -> None:
    for x, point in line.items():
        if len(point.trainings) > 1:
            heights = [_shown(axes, one) for one in point.trainings]
            axes.plot([x] * len(heights), heights, "_", color=colour, markersize=11, alpha=0.7, zorder=2)


def _shown(axes: Axes, value: float) -> float:
    low, high = axes.get_ylim()
    return float(np.clip(value, low, high))


def _large_numbers(axes: Axes) -> None:
    """Numbers with prefixes on a logarithmic axis whose ends are set; a short one has more than powers of ten."""
    low, high = axes.get_xlim()
    decades = np.log10(high / low)
    between = (1.0,) if decades > 2 else (1.0, 3.0) if decades > 1 else (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0)
    axes.xaxis.set_major_locator(LogLocator(subs=between, numticks=8))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: amount(value) if value >= 1 else f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _ticks(axes: Axes, xs: Sequence[float]) -> None:
    """A tick at each part, named where there is room."""
    axes.xaxis.set_major_locator(FixedLocator(list(xs)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.tick_params(axis="x", labelsize=7.5)
