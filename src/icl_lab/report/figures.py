"""The pictures: learning curves, learning curves under a shift, training curves.

Each function returns a matplotlib `Figure` that belongs to no window and to no global state. Names of predictors come
from files and are never read as mathematics.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from icl_lab.core.records import SCHEMA, Record
from icl_lab.report.axes import Picture, end_labels, error_axis, frame_axes
from icl_lab.report.style import LIGHT, Look, Theme, drawing_settings, looks
from icl_lab.report.words import axis_name

P = ParamSpec("P")
R = TypeVar("R")
BINS = 60


@dataclass(frozen=True)
class Curve:
    """A line to draw: x, y, and a band where there is one."""

    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None


def _styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Draw under our settings and leave the user's own as they were."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with drawing_settings():
            return draw(*args, **kwargs)

    return drawn


@_styled
def learning_figure(
    records: pl.DataFrame,
    metric: str,
    styles: Mapping[str, Look],
    *,
    shift: str = "",
    trained_length: int | None = None,
    theme: Theme = LIGHT,
) -> Picture:
    """Error against the examples in the prompt, a line and a band for each predictor.

    Args:
        records: Rows with the columns of `Record`.
        metric: The task's metric: `<metric>_mean` rows are drawn, single trainings (`<metric>`) thinly beside them.
        styles: The look of each predictor; who has none is not drawn.
        shift: Whose rows to draw.
        trained_length: Examples in a training prompt; a hairline where prompts are longer.
        theme: Colours.
    """
    rows = records.filter(pl.col("shift") == shift)
    curves = {label: _curve(rows, f"{metric}_mean", label, "shown") for label in styles}
    curves = {label: curve for label, curve in curves.items() if curve.x.size}
    zero = rows.filter(pl.col("metric") == "zero_error")["value"].drop_nulls()
    zero_error = float(zero[0]) if len(zero) else None
    picture, (axes,) = frame_axes(theme, width=7.4, height=4.1, labels=list(curves))
    models = [curve.y for label, curve in curves.items() if styles[label].marker]
    error_axis(axes, models, [curve.y for curve in curves.values()], zero_error)
    end = max((curve.x[-1] for curve in curves.values()), default=1)
    axes.set_xlim(0, max(end, 1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9, steps=[1, 2, 5, 10]))
    axes.set_xlabel("examples in the prompt")
    axes.set_ylabel(axis_name(metric))
    if zero_error is not None:
        _hairline(axes, theme, "zero predictor", y=zero_error)
    if trained_length is not None and end > trained_length - 1:
        _hairline(axes, theme, "longest prompt in training", x=trained_length - 1)
    for i, (label, curve) in enumerate(curves.items()):
        _single_trainings(axes, rows, metric, label, styles[label].colour(theme))
        _draw(axes, curve, styles[label], theme, first_marker=i)
    end_labels(picture, axes, {label: float(curve.y[-1]) for label, curve in curves.items()}, styles, theme)
    return picture


@_styled
def training_figure(records: pl.DataFrame, styles: Mapping[str, Look], theme: Theme = LIGHT) -> Picture | None:
    """Training loss against optimiser steps and, where the time was recorded, against seconds; none without losses.

    Each point is the mean over a sixtieth of the steps; every training seed is a line.
    """
    rows = records.filter((pl.col("shift") == "") & pl.col("step").is_not_null())
    losses = rows.filter((pl.col("metric") == "loss") & pl.col("value").is_not_null())
    labels = [label for label in styles if label in set(losses["predictor"])]
    if not labels:
        return None
    timed = (rows["metric"] == "seconds").any()
    x_names = ["optimiser steps", "seconds of training"] if timed else ["optimiser steps"]
    picture, panels = frame_axes(theme, width=7.4, height=3.2, labels=labels, panels=len(x_names))
    trainings = [(label, *_losses(rows, label, seed)) for label, seed in _trainings(losses, labels)]
    everything = [losses for _, _, _, losses in trainings]
    ends: dict[str, float] = {}
    marked: list[set[str]] = [set() for _ in panels]
    for number, (axes, x_name) in enumerate(zip(panels, x_names, strict=True)):
        error_axis(axes, everything, everything, None)
        for label, steps, seconds, values in trainings:
            x = seconds if number else steps
            if x.size:
                # Every training is a line, the first one of each model has the markers.
                first = None if label in marked[number] else 3 * labels.index(label)
                _draw(axes, Curve(x, values), styles[label], theme, first_marker=first, width=1.2)
                marked[number].add(label)
                ends[label] = float(values[-1])
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
        axes.set_xlabel(x_name)
        if number:
            axes.tick_params(labelleft=False)
    panels[0].set_ylabel("training loss")
    end_labels(picture, panels[-1], ends, styles, theme)
    return picture


def plot_records(records: Sequence[Record], metric: str, kinds: Mapping[str, str]) -> Picture:
    """Learning curves straight from records, as `learning_curve(...).plot()` shows them in a notebook."""
    frame = pl.DataFrame([vars(record) for record in records], schema=SCHEMA, orient="row")
    shift = records[0].shift if records else ""
    return learning_figure(frame, metric, looks(kinds), shift=shift)


def _curve(rows: pl.DataFrame, metric: str, label: str, x: str) -> Curve:
    mine = rows.filter((pl.col("metric") == metric) & (pl.col("predictor") == label) & pl.col("value").is_not_null())
    # A comparison that was evaluated twice has the later rows after the earlier ones: the last word counts.
    mine = mine.unique(x, keep="last").sort(x)
    low, high = (mine[name].cast(pl.Float64).to_numpy() for name in ("low", "high"))
    return Curve(mine[x].to_numpy(), mine["value"].to_numpy(), low, high)


def _single_trainings(axes: Axes, rows: pl.DataFrame, metric: str, label: str, colour: str) -> None:
    mine = rows.filter((pl.col("metric") == metric) & (pl.col("predictor") == label))
    seeds = mine["seed"].unique().sort()
    for seed in seeds if len(seeds) > 1 else ():
        curve = _curve(mine.filter(pl.col("seed") == seed), metric, label, "shown")
        axes.plot(curve.x, curve.y, color=colour, linewidth=0.7, alpha=0.55, zorder=2)


def _draw(axes: Axes, curve: Curve, look: Look, theme: Theme, first_marker: int | None, width: float = 0.0) -> None:
    colour = look.colour(theme)
    # On a log axis a line to an error of 1e-15 would leave the picture far from its point: end it just outside.
    lowest = 0.7 * axes.get_ylim()[0] if axes.get_yscale() == "log" else -np.inf
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
        markersize=5.2,
        markeredgecolor=theme.paper,
        markeredgewidth=0.7,
        zorder=4 if look.marker else 3,
        solid_capstyle="round",
        **settings,
    )


def _hairline(axes: Axes, theme: Theme, words: str, x: float | None = None, y: float | None = None) -> None:
    style: dict[str, Any] = {"color": theme.hair, "linewidth": 0.8, "linestyle": (0, (2, 2)), "zorder": 1}
    note: dict[str, Any] = {"color": theme.muted, "fontsize": 8, "textcoords": "offset points", "zorder": 5}
    if y is not None:
        axes.axhline(y, **style)
        axes.annotate(words, (1, y), xycoords=axes.get_yaxis_transform(), xytext=(-2, 3), ha="right", **note)
    if x is not None:
        axes.axvline(x, **style)
        axes.annotate(words, (x, 1), xycoords=axes.get_xaxis_transform(), xytext=(4, -9), ha="left", **note)


def _trainings(losses: pl.DataFrame, labels: Sequence[str]) -> list[tuple[str, int]]:
    pairs = losses.select("predictor", "seed").unique().sort("seed").iter_rows()
    return sorted(((label, seed) for label, seed in pairs if label in labels), key=lambda pair: labels.index(pair[0]))


def _losses(rows: pl.DataFrame, label: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Steps, seconds (empty where they were not recorded) and losses of one training, averaged in sixty bins."""
    mine = rows.filter((pl.col("predictor") == label) & (pl.col("seed") == seed) & pl.col("value").is_not_null())
    loss = mine.filter(pl.col("metric") == "loss").unique("step", keep="last").select("step", "value")
    time = mine.filter(pl.col("metric") == "seconds").unique("step", keep="last").select("step", seconds="value")
    joined = loss.join(time, on="step", how="left").sort("step")
    bin_ = (pl.int_range(pl.len()) * BINS // pl.len().clip(BINS)).alias("bin")
    binned = joined.group_by(bin_, maintain_order=True).mean()
    timed = binned["seconds"].null_count() == 0
    return (
        binned["step"].to_numpy(),
        binned["seconds"].to_numpy() if timed else np.empty(0),
        binned["value"].to_numpy(),
    )
