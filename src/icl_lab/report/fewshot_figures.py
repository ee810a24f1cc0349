"""Pictures of a few-shot evaluation: accuracy against demonstrations, and a box a model beside published ones."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from icl_lab.report.axes import Picture, end_labels, frame_axes, names_at_ends, new_panel, new_picture
from icl_lab.report.fewshot_data import ALL, COMMON, PUBLISHED_SHOTS, FewShotResults
from icl_lab.report.lines import Curve, draw, hairline
from icl_lab.report.style import LIGHT, Dash, Look, Theme, looks, styled

WIDTH, LEFT, LINE = 7.4, 0.55, 0.22  # of a picture, of the room left of its panels, of a line of its legend: inches
DASHES: Mapping[str, Dash] = {"": "-", "shuffled": (0, (4, 1.6)), "random": (0, (1, 1.4))}
THIN = 1.0


@dataclass(frozen=True)
class Line:
    """What a line of a panel shows: a metric of a task, or group of tasks, under some labels."""

    metric: str
    model: str
    task: str
    labels: str = ""


@styled
def shots_figure(found: FewShotResults, theme: Theme = LIGHT) -> Picture:
    """Mean accuracy over the common tasks against demonstrations, with controls, and published means behind.

    Where some tasks have too few pairs for the larger numbers, a thin line shows the mean over whatever tasks there
    are, with their number.
    """
    group = COMMON if found.common else ALL
    metric = "common_accuracy_mean" if found.common else "all_accuracy_mean"
    published = _published_curves(found)
    lines = {_name(model, labels): Line(metric, model, group, labels)
             for labels in ("", *found.controls) for model in found.models}  # fmt: skip
    curves = {name: curve for name, line in lines.items() if (curve := _curve(found, line)).x.size}
    styles = _styles(found) | looks({"\0": "model"} | dict.fromkeys(published, "baseline"))
    everything = curves | published
    picture, (axes,) = frame_axes(theme, WIDTH, [4.0], names_at_ends(everything, styles).values())
    _frame(axes, [int(x) for curve in everything.values() for x in curve.x])
    for name, curve in published.items():
        draw(axes, _placed(curve), styles[name], theme, None)
    for place, (name, curve) in enumerate(curves.items()):
        draw(axes, _placed(curve), styles[name], theme, first_marker=place)
    for model in found.models if found.common and len(found.common) < len(found.tasks) else ():
        _shrinking(axes, found, model, styles[_name(model, "")], theme)
        _counts(axes, found, model, theme)
    axes.set_ylabel(f"accuracy, mean over {len(found.common) or len(found.tasks)} tasks")
    axes.set_xlabel("demonstrations in the prompt")
    end_labels(picture, axes, {name: float(curve.y[-1]) for name, curve in everything.items()}, styles, theme)
    return picture


@styled
def category_figure(found: FewShotResults, theme: Theme = LIGHT) -> Picture:
    """A panel for each category: all of its tasks, true labels and controls, and what the most common output scores."""
    panels = [
        (f"{category} ({len(members)})", [Line("category_accuracy_mean", model, category, labels)
         for labels in ("", *found.controls) for model in found.models], members)
        for category in found.categories
        if (members := [task.name for task in found.tasks if task.category == category])
    ]  # fmt: skip
    return _panels(found, panels, columns=2, height=1.75, theme=theme)


@styled
def task_figure(found: FewShotResults, theme: Theme = LIGHT) -> Picture:
    """A small panel for each task."""
    panels = [
        (task.name.replace("_", " "), [Line("accuracy_mean", model, task.name, labels)
         for labels in ("", *found.controls) for model in found.models], [task.name])
        for task in found.tasks
    ]  # fmt: skip
    return _panels(found, panels, columns=4, height=0.95, theme=theme)


@styled
def box_figure(found: FewShotResults, theme: Theme = LIGHT) -> Picture:
    """Accuracies of the tasks as a box for each model, ours among the published ones, by falling mean."""
    tasks = [task.name for task in found.tasks]
    styles, shots = _styles(found), found.box_shots
    rows = [(one, _values(found, "accuracy_mean", one, tasks, shots), styles[one].variable) for one in found.models]
    rows += [
        (f"{one}, published", _values(found, "published_accuracy", one, tasks, PUBLISHED_SHOTS), "--baseline")
        for one in found.published_models()
    ]
    rows = sorted((row for row in rows if row[1]), key=lambda row: float(np.mean(row[1])))
    each = 0.25
    picture, (axes,) = frame_axes(
        theme, WIDTH, [each * len(rows) + 0.95], [name for name, _, _ in rows], names_left=True
    )
    for place, (_, values, variable) in enumerate(rows):
        colour = theme.variables()[variable]
        line = {"color": colour, "linewidth": 1.1}
        axes.boxplot(
            [values], positions=[place], orientation="horizontal", widths=0.58, showfliers=False, whis=(0, 100),
            boxprops=line, whiskerprops=line, capprops=line, medianprops=line | {"linewidth": 2.0}, manage_ticks=False,
        )  # fmt: skip
        # In a fixed pattern above and below the middle, so that equal values are seen side by side.
        shift = [0.16 * ((number % 3) - 1) for number in range(len(values))]
        axes.plot(sorted(values), np.add(place, shift), ".", color=colour, markersize=3.4, alpha=0.75, zorder=3)
        axes.plot([float(np.mean(values))], [place], "D", color=colour, markersize=4.6, zorder=4,
                  markeredgecolor=theme.paper, markeredgewidth=0.7)  # fmt: skip
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    for label, (_, _, variable) in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(theme.variables()[variable])
        label.set_parse_math(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=theme.grid, linewidth=0.8, zorder=0)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel(
        f"accuracy on each of {len(tasks)} tasks after {found.box_shots} demonstrations (published: {PUBLISHED_SHOTS})"
    )
    return picture


def _values(found: FewShotResults, metric: str, model: str, tasks: Sequence[str], shots: int) -> list[float]:
    values = (found.value(metric, model, task, shots) for task in tasks)
    return [value for value in values if value is not None]


def _panels(
    found: FewShotResults,
    panels: Sequence[tuple[str, list[Line], list[str]]],
    columns: int,
    height: float,
    theme: Theme,
) -> Picture:
    styles = _styles(found)
    columns = min(columns, len(panels))
    right, gap, title, foot = 0.12, 0.28, 0.3, 0.5
    rows = math.ceil(len(panels) / columns)
    each = (WIDTH - LEFT - right - gap * (columns - 1)) / columns
    names = list(dict.fromkeys(_name(line.model, line.labels) for _, lines, _ in panels for line in lines))
    entries = _entries(names, styles, theme)
    legend = 0.08 + LINE * (1 + max(line for _, line in _legend_places(entries)))
    total = legend + rows * (title + height) + (rows - 1) * 0.16 + foot
    picture = new_picture(theme, WIDTH, total)
    _legend(picture, entries, theme, total)
    for place, (head, lines, members) in enumerate(panels):
        row, column = divmod(place, columns)
        y = total - legend - (row + 1) * (title + height) - row * 0.16
        axes = new_panel(picture, theme, (LEFT + column * (each + gap), y, each, height))
        _frame(axes, list(found.shots), small=columns > 2)
        floors = [found.value("most_common_output", found.models[0], task, None) or 0.0 for task in members]
        hairline(axes, theme, "", y=float(np.mean(floors)))
        for number, line in enumerate(lines):
            curve = _curve(found, line)
            if curve.x.size:
                look = styles[_name(line.model, line.labels)]
                draw(axes, _placed(curve), replace(look, width=0.75 * look.width), theme, first_marker=number,
                     marker_size=3.6 if columns < 3 else 2.8)  # fmt: skip
        axes.text(0, 1.05, head, transform=axes.transAxes, fontsize=8.5, fontweight="bold", color=theme.ink,
                  parse_math=False)  # fmt: skip
        axes.tick_params(labelsize=8 if columns < 3 else 7)
        axes.tick_params(labelleft=column == 0, labelbottom=place + columns >= len(panels))
    picture.text(
        0.5, 0.1 / total, "demonstrations in the prompt", ha="center", va="bottom", fontsize=9, color=theme.ink
    )
    return picture


def _entries(names: Sequence[str], styles: Mapping[str, Look], theme: Theme) -> list[tuple[str, str, Dash, float]]:
    """Words, colour, dash and width of each entry of a legend."""
    words = names_at_ends(names, styles)
    found = [(words[name], styles[name].colour(theme), styles[name].dash, styles[name].width) for name in names]
    return [*found, ("always the most common output", theme.hair, (0, (2, 2)), 0.8)]


def _legend_places(entries: Sequence[tuple[str, str, Dash, float]]) -> list[tuple[float, int]]:
    """Where each entry begins, in inches, and in which line."""
    places, x, line = [], LEFT, 0
    for words, *_ in entries:
        width = 0.75 + 0.068 * len(words)
        if x > LEFT and x + width > WIDTH:
            x, line = LEFT, line + 1
        places.append((x, line))
        x += width
    return places


def _legend(picture: Picture, entries: Sequence[tuple[str, str, Dash, float]], theme: Theme, height: float) -> None:
    for (words, colour, dash, width), (x, line) in zip(entries, _legend_places(entries), strict=True):
        y = 1 - (0.13 + LINE * line) / height
        ends = [x / WIDTH, (x + 0.36) / WIDTH]
        picture.add_artist(Line2D(ends, [y, y], color=colour, linestyle=dash, linewidth=width))
        ink = theme.muted if colour == theme.hair else colour
        picture.text((x + 0.43) / WIDTH, y, words, fontsize=8.5, va="center_baseline", color=ink, parse_math=False)


def _styles(found: FewShotResults) -> dict[str, Look]:
    """A colour a model; true labels whole, controls dashed and thinner."""
    whole = looks(dict.fromkeys(found.models, "model"))
    return {
        _name(model, labels): replace(
            whole[model], dash=DASHES.get(labels, "-"), width=whole[model].width if not labels else 1.3,
            marker=whole[model].marker if not labels else "",
        )
        for labels in ("", *found.controls)
        for model in found.models
    }  # fmt: skip


def _name(model: str, labels: str) -> str:
    return f"{model}, {labels} labels" if labels else model


def _curve(found: FewShotResults, line: Line) -> Curve:
    points = [(s, e) for s in found.shots if (e := found.estimate(line.metric, line.model, line.task, s, line.labels))]
    if line.labels and points and points[0][0]:
        # Without demonstrations there are no labels: every control begins where true labels do.
        first = found.estimate(line.metric, line.model, line.task, 0)
        points = [(0, first), *points] if first else points
    low, high = (np.array([np.nan if x is None else x for x in ends], float) for ends in
                 ([e.low for _, e in points], [e.high for _, e in points]))  # fmt: skip
    return Curve(np.array([s for s, _ in points]), np.array([e.value for _, e in points], float), low, high)


def _published_curves(found: FewShotResults) -> dict[str, Curve]:
    rows = found.records.filter((pl.col("metric") == "published_all_mean") & (pl.col("shown") <= max(found.shots)))
    curves = {}
    for model in rows["predictor"].unique(maintain_order=True):
        mine = rows.filter(pl.col("predictor") == model).sort("shown")
        curves[f"{model}, published"] = Curve(mine["shown"].to_numpy(), mine["value"].to_numpy())
    return curves


def _shrinking(axes: Axes, found: FewShotResults, model: str, look: Look, theme: Theme) -> None:
    curve = _curve(found, Line("all_accuracy_mean", model, ALL))
    thin = replace(look, width=THIN, dash=(0, (1, 1)), marker="")
    draw(axes, Curve(_place(curve.x), curve.y), thin, theme, None)


def _counts(axes: Axes, found: FewShotResults, model: str, theme: Theme) -> None:
    """How many tasks a model's dotted line is a mean of, where it ends and where they become fewer."""
    counts = [(shots, found.count("all_accuracy_mean", model, ALL, shots)) for shots in found.shots]
    counts = [(shots, count) for shots, count in counts if count]
    for (shots, count), (_, after) in pairwise(counts):
        if count != after:
            place = float(_place(np.array([shots]))[0])
            height = 0.05 * (1 + found.models.index(model))
            axes.annotate(f"{model}: {count} tasks up to here", (place, 1.04 - height), ha="right", fontsize=8,
                          color=theme.muted, parse_math=False)  # fmt: skip


def _frame(axes: Axes, shots: Sequence[int], *, small: bool = False) -> None:
    """Accuracy from 0 to 1 against demonstrations on an axis of doublings, with room for none."""
    ticks = sorted(set(shots))
    axes.set_ylim(-0.02, 1.03)
    axes.set_yticks([0, 0.5, 1] if small else [0, 0.2, 0.4, 0.6, 0.8, 1])
    places = _place(np.array(ticks))
    axes.set_xlim(-0.12, max(float(places[-1]), 1) + 0.05)
    # Some numbers, as 4 and 5, would stand in each other's way; doublings are named first.
    kept: list[int] = []
    for tick in sorted(range(len(ticks)), key=lambda i: (bool(ticks[i] & (ticks[i] - 1)), i)):
        if all(abs(places[tick] - places[other]) >= (0.9 if small else 0.6) for other in kept):
            kept.append(tick)
    axes.set_xticks([float(places[i]) for i in kept], [str(ticks[i]) for i in kept])


def _place(shots: np.ndarray) -> np.ndarray:
    """Where a number of demonstrations stands: none at 0, one at 1, then one further for each doubling."""
    return np.where(shots > 0, 1 + np.log2(np.maximum(shots, 1)), 0.0)


def _placed(curve: Curve) -> Curve:
    return replace(curve, x=_place(curve.x))
