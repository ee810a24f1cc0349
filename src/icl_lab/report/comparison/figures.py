"""The pictures: learning curves, learning curves on longer prompts, training curves; `panels.py` has those of shifts.

Each function returns a matplotlib `Figure` that belongs to no window and to no global state. Names of predictors come
from files and are never read as mathematics.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from icl_lab.core.records import SCHEMA, Record
from icl_lab.report.comparison.data import Published
from icl_lab.report.drawing.axes import Picture, end_labels, error_axis, frame_axes, names_at_ends
from icl_lab.report.drawing.dots import ROW, draw_dots, is_single
from icl_lab.report.drawing.lines import Curve, curve_of, draw, draw_learning_curves, hairline, learning_curves
from icl_lab.report.drawing.style import LIGHT, Look, Theme, looks, styled
from icl_lab.report.words import EXAMPLES, Measure

BINS = 60


@styled
def learning_figure(
    records: pl.DataFrame,
    measure: Measure,
    styles: Mapping[str, Look],
    *,
    shift: str = "",
    trained_length: int | None = None,
    published: Sequence[Published] = (),
    theme: Theme = LIGHT,
) -> Picture:
    """Error against the examples in the prompt, a line and a band for each predictor; the state's size below, if known.

    Where one point of the prompt alone is asked, there is a dot with its interval for each predictor instead.

    Args:
        records: Rows with the columns of `Record`.
        measure: `<metric>_mean` rows are drawn, single trainings (`<metric>`) thinly beside them.
        styles: The look of each predictor; who has none is not drawn.
        shift: Whose rows to draw.
        trained_length: Examples in a training prompt; a hairline where prompts are longer.
        published: Published curves, of which those of this shift are drawn as light bands.
        theme: Colours.
    """
    rows = records.filter(pl.col("shift") == shift)
    curves = learning_curves(rows, measure.metric, styles)
    norms = {label: _mean_over_seeds(rows, "state_norm", label) for label in styles}
    norms = {label: curve for label, curve in norms.items() if curve.x.size}
    if is_single(curves):
        return _dots(rows, curves, measure, styles, theme)
    heights = [4.1, 2.0] if norms else [4.1]
    names = names_at_ends(curves, styles).values()
    picture, (axes, *below) = frame_axes(theme, width=7.4, heights=heights, names=names)
    beside = [one for one in published if one.shift == shift]
    draw_learning_curves(axes, rows, curves, measure, styles, theme, trained_length=trained_length, published=beside)
    axes.set_ylabel(measure.words)
    end_labels(picture, axes, {label: float(curve.y[-1]) for label, curve in curves.items()}, styles, theme)
    for lower in below:
        _draw_norms(lower, norms, styles, theme, trained_length)
        lower.set_xlim(axes.get_xlim())
        end_labels(picture, lower, {label: float(curve.y[-1]) for label, curve in norms.items()}, styles, theme)
    (below or [axes])[-1].set_xlabel(measure.axis)
    return picture


def _dots(
    rows: pl.DataFrame, curves: Mapping[str, Curve], measure: Measure, styles: Mapping[str, Look], theme: Theme
) -> Picture:
    names = names_at_ends(curves, styles).values()
    height = 0.9 + ROW * len(curves)
    picture, (axes,) = frame_axes(theme, width=7.4, heights=[height], names=names, names_left=True)
    draw_dots(axes, rows, curves, measure, styles, theme)
    (shown,) = {int(x) for curve in curves.values() for x in curve.x}
    axes.set_xlabel(f"{measure.words}, {measure.at(shown)}")
    return picture


@styled
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
    picture, panels = frame_axes(
        theme, width=7.4, heights=[3.2], names=names_at_ends(labels, styles).values(), columns=len(x_names)
    )
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
                draw(axes, Curve(x, values), styles[label], theme, first_marker=first, width=1.2)
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


def plot_records(
    records: Sequence[Record], metric: str, kinds: Mapping[str, str], complement: str = "", axis: str = EXAMPLES
) -> Picture:
    """Learning curves straight from records, as `learning_curve(...).plot()` shows them in a notebook."""
    frame = pl.DataFrame([vars(record) for record in records], schema=SCHEMA, orient="row")
    shift = records[0].shift if records else ""
    return learning_figure(frame, Measure(metric, complement, axis), looks(kinds), shift=shift)


def _draw_norms(
    axes: Axes, norms: Mapping[str, Curve], styles: Mapping[str, Look], theme: Theme, trained_length: int | None
) -> None:
    values = [curve.y for curve in norms.values()]
    error_axis(axes, values, values, None)
    for i, (label, curve) in enumerate(norms.items()):
        draw(axes, curve, styles[label], theme, first_marker=i)
    if trained_length is not None:
        hairline(axes, theme, "", x=trained_length - 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9, steps=[1, 2, 5, 10]))
    axes.set_ylabel("size of the state")


def _mean_over_seeds(rows: pl.DataFrame, metric: str, label: str) -> Curve:
    mine = rows.filter((pl.col("metric") == metric) & (pl.col("predictor") == label))
    seeds = [curve_of(mine.filter(pl.col("seed") == seed), metric, label) for seed in mine["seed"].unique().sort()]
    if not seeds:
        return Curve(np.empty(0), np.empty(0))
    return Curve(seeds[0].x, np.mean([curve.y for curve in seeds], axis=0))


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
