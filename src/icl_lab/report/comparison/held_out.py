"""Error on held-out prompts against optimiser steps: when a model learns, beside how well it does in the end."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from matplotlib.ticker import MaxNLocator

from icl_lab.report.comparison.data import Comparison
from icl_lab.report.drawing.axes import Picture, end_labels, error_axis, frame_axes, names_at_ends
from icl_lab.report.drawing.lines import Curve, draw, hairline
from icl_lab.report.drawing.style import LIGHT, Look, Theme, looks, styled


@styled
def held_out_figure(comparison: Comparison, theme: Theme = LIGHT) -> Picture | None:
    """A line for each training, the first of each model with markers; none where nothing was measured.

    Args:
        comparison: With its records.
        theme: Colours.
    """
    styles = looks(comparison.kinds)
    curves = held_out_curves(comparison, styles)
    if not curves:
        return None
    names = names_at_ends(curves, styles).values()
    picture, (axes,) = frame_axes(theme, width=7.4, heights=[2.9], names=names)
    values = [curve.y for trainings in curves.values() for curve in trainings]
    zero = comparison.number("zero_error", "zero")
    error_axis(axes, values, values, zero, is_share=bool(comparison.complement))
    if zero is not None:
        hairline(axes, theme, comparison.measure.zero, y=zero)
    for place, (label, trainings) in enumerate(curves.items()):
        for number, curve in enumerate(trainings):
            first, width = (3 * place, 1.6) if number == 0 else (None, 1.0)
            draw(axes, curve, styles[label], theme, first_marker=first, width=width)
    axes.set_xlim(0, max(curve.x[-1] for trainings in curves.values() for curve in trainings))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.set_xlabel("optimiser steps")
    axes.set_ylabel(f"held-out {comparison.measure.words}")
    ends = {label: float(trainings[0].y[-1]) for label, trainings in curves.items()}
    end_labels(picture, axes, ends, styles, theme)
    return picture


def held_out_curves(comparison: Comparison, styles: Mapping[str, Look]) -> dict[str, list[Curve]]:
    """Label -> the curve of each training, by seed; models without one are left out."""
    rows = comparison.rows(f"held_out_{comparison.metric}").filter(pl.col("value").is_not_null())
    found: dict[str, list[Curve]] = {}
    for label in styles:
        mine = rows.filter(pl.col("predictor") == label)
        for seed in mine["seed"].unique().sort():
            curve = mine.filter(pl.col("seed") == seed).unique("step", keep="last").sort("step")
            found.setdefault(label, []).append(Curve(np.array(curve["step"]), np.array(curve["value"])))
    return found
