"""What is drawn into one panel of learning curves: lines, bands, markers, hairlines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from icl_lab.report.comparison.data import Published
from icl_lab.report.drawing.axes import error_axis
from icl_lab.report.drawing.style import Look, Theme
from icl_lab.report.words import Measure


@dataclass(frozen=True)
class Curve:
    """A line to draw: x, y, and a band where there is one."""

    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None


def learning_curves(rows: pl.DataFrame, metric: str, styles: Mapping[str, Look]) -> dict[str, Curve]:
    """The mean learning curve of each predictor that has one."""
    curves = {label: curve_of(rows, f"{metric}_mean", label) for label in styles}
    return {label: curve for label, curve in curves.items() if curve.x.size}


def curve_of(rows: pl.DataFrame, metric: str, label: str) -> Curve:
    """The points of a predictor in a metric, by the number of examples shown."""
    mine = rows.filter((pl.col("metric") == metric) & (pl.col("predictor") == label))
    mine = mine.filter(pl.col("value").is_not_null() & pl.col("shown").is_not_null())
    # A comparison that was evaluated twice has the later rows after the earlier ones: the last word counts.
    mine = mine.unique("shown", keep="last").sort("shown")
    low, high = (mine[name].cast(pl.Float64).to_numpy() for name in ("low", "high"))
    return Curve(mine["shown"].to_numpy(), mine["value"].to_numpy(), low, high)


def draw_learning_curves(
    axes: Axes,
    rows: pl.DataFrame,
    curves: Mapping[str, Curve],
    measure: Measure,
    styles: Mapping[str, Look],
    theme: Theme,
    *,
    trained_length: int | None = None,
    published: Sequence[Published] = (),
    named: bool = True,
) -> None:
    """Fill a panel with the learning curves of one shift.

    Args:
        axes: The panel.
        rows: The rows of the shift.
        curves: Label -> its mean curve.
        measure: What they show.
        styles: Label -> its look.
        theme: Colours.
        trained_length: Examples in a training prompt; a hairline where prompts are longer.
        published: Published curves of the shift, drawn as light bands behind ours.
        named: Whether hairlines say what they are; where they do not, the panel is a small one with thinner lines.
    """
    zero = rows.filter(pl.col("metric") == "zero_error")["value"].drop_nulls()
    zero_error = float(zero[0]) if len(zero) else None
    models = [curve.y for label, curve in curves.items() if styles[label].marker]
    error_axis(axes, models, [curve.y for curve in curves.values()], zero_error, is_share=bool(measure.complement))
    end = max((curve.x[-1] for curve in curves.values()), default=1)
    axes.set_xlim(0, max(end, 1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9, steps=[1, 2, 5, 10]))
    if zero_error is not None:
        hairline(axes, theme, measure.zero if named else "", y=zero_error)
    if trained_length is not None and end > trained_length - 1:
        hairline(axes, theme, "longest prompt in training" if named else "", x=trained_length - 1)
    for one in published:
        if one.predictor in curves:
            _published_band(axes, curve_of(rows, f"published_{one.figure}", one.predictor), styles, one, theme)
    for i, (label, curve) in enumerate(curves.items()):
        _single_trainings(axes, rows, measure.metric, label, styles[label].colour(theme))
        look = styles[label] if named else replace(styles[label], width=0.65 * styles[label].width)
        draw(axes, curve, look, theme, first_marker=i, marker_size=5.2 if named else 3.6)


def draw(
    axes: Axes,
    curve: Curve,
    look: Look,
    theme: Theme,
    first_marker: int | None,
    width: float = 0.0,
    marker_size: float = 5.2,
) -> None:
    """One line with its band and, from point `first_marker` on, some markers."""
    colour = look.colour(theme)
    lowest = _lowest(axes)
    if curve.low is not None and curve.high is not None:
        low, high = np.maximum(curve.low, lowest), np.maximum(curve.high, lowest)
        axes.fill_between(curve.x, low, high, color=colour, alpha=0.16, linewidth=0, zorder=1)
    every = max(1, round(curve.x.size / 9))
    # Each predictor starts its markers elsewhere, so that curves that coincide can still be told apart.
    marked = look.marker if first_marker is not None else ""
    settings: dict[str, Any] = {"marker": marked or None, "markevery": ((first_marker or 0) % every, every)}
    axes.plot(
        curve.x,
        np.maximum(curve.y, lowest),
        color=colour,
        linestyle=look.dash,
        linewidth=width or look.width,
        markersize=marker_size,
        markeredgecolor=theme.paper,
        markeredgewidth=0.7,
        zorder=4 if look.marker else 3,
        solid_capstyle="round",
        **settings,
    )


def hairline(axes: Axes, theme: Theme, words: str, x: float | None = None, y: float | None = None) -> None:
    """A thin dashed line at a level or at a number of examples, with a word beside it."""
    style: dict[str, Any] = {"color": theme.hair, "linewidth": 0.8, "linestyle": (0, (2, 2)), "zorder": 1}
    note: dict[str, Any] = {"color": theme.muted, "fontsize": 8, "textcoords": "offset points", "zorder": 5}
    note["bbox"] = {"facecolor": theme.paper, "edgecolor": "none", "alpha": 0.75, "pad": 0.8}
    if y is not None:
        axes.axhline(y, **style)
        axes.annotate(words, (1, y), xycoords=axes.get_yaxis_transform(), xytext=(-2, 3), ha="right", **note)
    if x is not None:
        axes.axvline(x, **style)
        axes.annotate(words, (x, 1), xycoords=axes.get_xaxis_transform(), xytext=(4, -9), ha="left", **note)


def _published_band(axes: Axes, curve: Curve, styles: Mapping[str, Look], one: Published, theme: Theme) -> None:
    if curve.low is None or curve.high is None:
        return
    colour, lowest = styles[one.predictor].colour(theme), _lowest(axes)
    low, high = np.maximum(curve.low, lowest), np.maximum(curve.high, lowest)
    axes.fill_between(curve.x, low, high, color=colour, alpha=0.1, linewidth=0, zorder=0.5)
    for edge in (low, high):
        axes.plot(curve.x, edge, color=colour, linewidth=0.7, linestyle=(0, (1, 1.2)), alpha=0.8, zorder=0.6)


def _single_trainings(axes: Axes, rows: pl.DataFrame, metric: str, label: str, colour: str) -> None:
    mine = rows.filter((pl.col("metric") == metric) & (pl.col("predictor") == label))
    seeds = mine["seed"].unique().sort()
    for seed in seeds if len(seeds) > 1 else ():
        curve = curve_of(mine.filter(pl.col("seed") == seed), metric, label)
        axes.plot(curve.x, curve.y, color=colour, linewidth=0.7, alpha=0.55, zorder=2)


def _lowest(axes: Axes) -> float:
    """On a log axis a line to an error of 1e-15 would leave the picture far from its point: end it just outside."""
    return float(0.7 * axes.get_ylim()[0]) if axes.get_yscale() == "log" else -np.inf
