"""Accuracy against demonstrations, over the tasks that all numbers have, beside published means."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from icl_lab.report.drawing.axes import Picture, end_labels, frame_axes, names_at_ends
from icl_lab.report.drawing.lines import Curve, draw
from icl_lab.report.drawing.style import LIGHT, Look, Theme, looks, styled
from icl_lab.report.fewshot.data import ALL, COMMON, FewShotResults
from icl_lab.report.fewshot.drawing import (
    WIDTH,
    Line,
    draw_line,
    frame_shots,
    line_curve,
    line_name,
    line_styles,
    place_of,
)

THIN = 1.0
PUBLISHED_TASKS = 18


@styled
def shots_figure(found: FewShotResults, theme: Theme = LIGHT) -> Picture:
    """Mean accuracy over the common tasks against demonstrations, with controls, and published means behind.

    Where some tasks have too few pairs for the larger numbers, a thin line shows the mean over whatever tasks there
    are, with their number.
    """
    group = COMMON if found.common else ALL
    metric = "common_accuracy_mean" if found.common else "all_accuracy_mean"
    published = _published_curves(found)
    lines = {line_name(model, labels): Line(metric, model, group, labels)
             for labels in ("", *found.controls) for model in found.models}  # fmt: skip
    curves = {name: curve for name, line in lines.items() if (curve := line_curve(found, line)).x.size}
    styles = line_styles(found) | looks({"\0": "model"} | dict.fromkeys(published, "baseline"))
    everything = curves | published
    picture, (axes,) = frame_axes(theme, WIDTH, [4.0], names_at_ends(everything, styles).values())
    frame_shots(axes, [int(x) for curve in everything.values() for x in curve.x])
    for name, curve in published.items():
        draw_line(axes, curve, styles[name], theme, None)
    for place, (name, curve) in enumerate(curves.items()):
        draw_line(axes, curve, styles[name], theme, place)
    for model in found.models if found.common and len(found.common) < len(found.tasks) else ():
        _shrinking(axes, found, model, styles[line_name(model, "")], theme)
        _counts(axes, found, model, theme)
    axes.set_ylabel(f"accuracy, mean over {len(found.common) or len(found.tasks)} tasks")
    axes.set_xlabel("demonstrations in the prompt")
    end_labels(picture, axes, {name: float(curve.y[-1]) for name, curve in everything.items()}, styles, theme)
    return picture


def has_published_means(found: FewShotResults) -> bool:
    """Whether published means stand beside ours: only those over the same tasks do."""
    return bool(_published_curves(found))


def _published_curves(found: FewShotResults) -> dict[str, Curve]:
    """The published means, as far as they are over the tasks that our own lines are means of; else none."""
    shown = set(found.common) or {task.name for task in found.tasks}
    known = found.records.filter(pl.col("metric") == "published_accuracy")["task"].unique()
    if len(shown) != PUBLISHED_TASKS or shown != set(known):
        return {}
    rows = found.records.filter(
        (pl.col("metric") == "published_all_mean")
        & (pl.col("shown") <= max(found.shots))
        & (pl.col("num_prompts") == PUBLISHED_TASKS)
    )
    curves = {}
    for model in rows["predictor"].unique(maintain_order=True):
        mine = rows.filter(pl.col("predictor") == model).sort("shown")
        curves[f"{model}, published"] = Curve(mine["shown"].to_numpy(), mine["value"].to_numpy())
    return curves


def _shrinking(axes: Axes, found: FewShotResults, model: str, look: Look, theme: Theme) -> None:
    curve = line_curve(found, Line("all_accuracy_mean", model, ALL))
    thin = replace(look, width=THIN, dash=(0, (1, 1)), marker="")
    draw(axes, Curve(place_of(curve.x), curve.y), thin, theme, None)


def _counts(axes: Axes, found: FewShotResults, model: str, theme: Theme) -> None:
    """How many tasks a model's dotted line is a mean of, where it ends and where they become fewer."""
    counts = [(shots, found.count("all_accuracy_mean", model, ALL, shots)) for shots in found.shots]
    counts = [(shots, count) for shots, count in counts if count]
    for (shots, count), (_, after) in pairwise(counts):
        if count != after:
            place = float(place_of(np.array([shots]))[0])
            height = 0.05 * (1 + found.models.index(model))
            axes.annotate(f"{model}: {count} tasks up to here", (place, 1.04 - height), ha="right", fontsize=8,
                          color=theme.muted, parse_math=False)  # fmt: skip
