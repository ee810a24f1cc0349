"""Errors at a single point of the prompt: a dot with its interval for each predictor, where a curve would be empty."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from icl_lab.report.drawing.lines import Curve
from icl_lab.report.drawing.style import Look, Theme
from icl_lab.report.labels import shortened
from icl_lab.report.words import NOTHING, Measure

ROW = 0.3
"""Inches from one predictor to the next."""


def is_single(curves: Mapping[str, Curve]) -> bool:
    """Whether there is one point of the prompt only at which anything is asked."""
    return len({float(x) for curve in curves.values() for x in curve.x}) == 1


def draw_dots(
    axes: Axes,
    rows: pl.DataFrame,
    curves: Mapping[str, Curve],
    measure: Measure,
    styles: Mapping[str, Look],
    theme: Theme,
    *,
    named: bool = True,
    small: bool = False,
) -> None:
    """Fill a panel: predictors from top to bottom, error to the right, single trainings as small dots.

    Args:
        axes: The panel.
        rows: The rows of one shift.
        curves: Label -> its curve, of one point.
        measure: What they show.
        styles: Label -> its look.
        theme: Colours.
        named: Whether the predictors are named on the left.
        small: Whether the panel is a small one, without a word at the level of the zero predictor.
    """
    zero = rows.filter(pl.col("metric") == "zero_error")["value"].drop_nulls()
    level = float(zero[0]) if len(zero) else None
    scale_errors(axes, [curve.y[-1] for curve in curves.values()], level)
    lowest, highest = axes.get_xlim()
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=theme.grid, linewidth=0.8)
    axes.set_ylim(len(curves) - 0.5, -0.5)
    if level is not None:
        axes.axvline(level, color=theme.hair, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
        if not small:
            axes.annotate(
                measure.zero, (level, 1), xycoords=axes.get_xaxis_transform(), xytext=(0, 3),
                textcoords="offset points", ha="center", fontsize=8, color=theme.muted,
            )  # fmt: skip
    for place, (label, curve) in enumerate(curves.items()):
        look = styles[label]
        colour = look.colour(theme)
        value = float(np.clip(curve.y[-1], lowest, highest))
        if curve.low is not None and curve.high is not None and np.isfinite([curve.low[-1], curve.high[-1]]).all():
            ends = np.clip([curve.low[-1], curve.high[-1]], lowest, highest)
            axes.plot(ends, [place, place], color=colour, linewidth=2.2, alpha=0.45, solid_capstyle="butt", zorder=3)
        single = rows.filter((pl.col("metric") == measure.metric) & (pl.col("predictor") == label))
        if single["seed"].n_unique() > 1:
            trainings = np.clip(single["value"].drop_nulls().to_numpy(), lowest, highest)
            axes.plot(trainings, [place] * len(trainings), "|", color=colour, markersize=8, zorder=3)
        axes.plot(
            [value], [place], marker=look.marker or "o", color=colour, markersize=5 if small else 6.5, zorder=4,
            markeredgecolor=colour, markerfacecolor=colour if look.marker else theme.paper, clip_on=False,
        )  # fmt: skip
    short = shortened(curves)
    axes.set_yticks(range(len(curves)))
    axes.set_yticklabels([short[label] + styles[label].note for label in curves] if named else [], parse_math=False)
    axes.tick_params(axis="y", length=0)
    for label, tick in zip(curves, axes.get_yticklabels(), strict=False):
        tick.set_color(styles[label].colour(theme))


def scale_errors(axes: Axes, values: list[float], level: float | None) -> None:
    """From zero; where the errors span more than a decade, logarithmic, and what is rounding at the left edge."""
    known = np.array([value for value in (*values, level or 0.0) if np.isfinite(value)])
    highest = float(known.max(initial=0)) or 1.0
    telling = known[known > NOTHING * highest]
    if not len(telling) or highest <= 10 * telling.min():
        axes.set_xlim(0, 1.08 * highest)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        return
    axes.set_xscale("log")
    axes.set_xlim(telling.min() / 2, 1.5 * highest)
    axes.xaxis.set_major_locator(LogLocator(numticks=8))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
