"""What pictures of few-shot evaluations share: lines and their looks, the axis of demonstrations, a legend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from icl_lab.report.drawing.axes import Picture, names_at_ends
from icl_lab.report.drawing.lines import Curve, draw
from icl_lab.report.drawing.style import Dash, Look, Theme, looks
from icl_lab.report.fewshot.data import FewShotResults

WIDTH, LEFT, LINE = 7.4, 0.55, 0.22  # of a picture, of the room left of its panels, of a line of its legend: inches
DASHES: Mapping[str, Dash] = {"": "-", "shuffled": (0, (4, 1.6)), "random": (0, (1, 1.4))}


Entry = tuple[str, str, Dash, float]
"""Words, colour, dash and width of an entry of a legend."""


@dataclass(frozen=True)
class Line:
    """What a line of a panel shows: a metric of a task, or group of tasks, under some labels."""

    metric: str
    model: str
    task: str
    labels: str = ""


def line_styles(found: FewShotResults) -> dict[str, Look]:
    """A colour a model; true labels whole, controls dashed and thinner."""
    whole = looks(dict.fromkeys(found.models, "model"))
    return {
        line_name(model, labels): replace(
            whole[model], dash=DASHES.get(labels, "-"), width=whole[model].width if not labels else 1.3,
            marker=whole[model].marker if not labels else "",
        )
        for labels in ("", *found.controls)
        for model in found.models
    }  # fmt: skip


def line_name(model: str, labels: str) -> str:
    """What a line is called."""
    return f"{model}, {labels} labels" if labels else model


def line_curve(found: FewShotResults, line: Line) -> Curve:
    """Its points, with their intervals; empty where there are none."""
    points = [(s, e) for s in found.shots if (e := found.estimate(line.metric, line.model, line.task, s, line.labels))]
    if line.labels and len(points) > 1 and points[0][0]:
        # Without demonstrations there are no labels: every control begins where true labels do. One that was asked with
        # a single number of demonstrations is a point: nothing is known of the way there.
        first = found.estimate(line.metric, line.model, line.task, 0)
        points = [(0, first), *points] if first else points
    low, high = (np.array([np.nan if x is None else x for x in ends], float) for ends in
                 ([e.low for _, e in points], [e.high for _, e in points]))  # fmt: skip
    return Curve(np.array([s for s, _ in points]), np.array([e.value for _, e in points], float), low, high)


def draw_line(axes: Axes, curve: Curve, look: Look, theme: Theme, first_marker: int | None, size: float = 5.2) -> None:
    """A line with its band, or, of a single number of demonstrations, a ring with its interval."""
    if curve.x.size > 1:
        draw(axes, placed(curve), look, theme, first_marker, marker_size=size)
        return
    colour, place = look.colour(theme), place_of(curve.x)
    if curve.low is not None and curve.high is not None:
        axes.vlines(place, curve.low, curve.high, color=colour, linewidth=1.0, zorder=3)
    axes.plot(place, curve.y, "o", color=colour, markersize=0.9 * size, markerfacecolor=theme.paper, zorder=4,
              clip_on=False)  # fmt: skip


def frame_shots(axes: Axes, shots: Sequence[int], *, small: bool = False) -> None:
    """Accuracy from 0 to 1 against demonstrations on an axis of doublings, with room for none."""
    ticks = sorted(set(shots))
    axes.set_ylim(-0.02, 1.03)
    axes.set_yticks([0, 0.5, 1] if small else [0, 0.2, 0.4, 0.6, 0.8, 1])
    places = place_of(np.array(ticks))
    axes.set_xlim(-0.12, max(float(places[-1]), 1) + 0.05)
    # Some numbers, as 4 and 5, would stand in each other's way; doublings are named first.
    kept: list[int] = []
    for tick in sorted(range(len(ticks)), key=lambda i: (bool(ticks[i] & (ticks[i] - 1)), i)):
        if all(abs(places[tick] - places[other]) >= (0.9 if small else 0.6) for other in kept):
            kept.append(tick)
    axes.set_xticks([float(places[i]) for i in kept], [str(ticks[i]) for i in kept])


def place_of(shots: np.ndarray) -> np.ndarray:
    """Where a number of demonstrations stands: none at 0, one at 1, then one further for each doubling."""
    return np.where(shots > 0, 1 + np.log2(np.maximum(shots, 1)), 0.0)


def placed(curve: Curve) -> Curve:
    """The curve on the axis of demonstrations."""
    return replace(curve, x=place_of(curve.x))


def legend_entries(names: Sequence[str], styles: Mapping[str, Look], theme: Theme) -> list[Entry]:
    """Words, colour, dash and width of each entry of a legend."""
    words = names_at_ends(names, styles)
    found = [(words[name], styles[name].colour(theme), styles[name].dash, styles[name].width) for name in names]
    return [*found, ("always one thing, or the input", theme.hair, (0, (2, 2)), 0.8)]


def legend_places(entries: Sequence[Entry]) -> list[tuple[float, int]]:
    """Where each entry begins, in inches, and in which line."""
    places, x, line = [], LEFT, 0
    for words, *_ in entries:
        width = 0.75 + 0.068 * len(words)
        if x > LEFT and x + width > WIDTH:
            x, line = LEFT, line + 1
        places.append((x, line))
        x += width
    return places


def draw_legend(picture: Picture, entries: Sequence[Entry], theme: Theme, height: float) -> None:
    """Draw the entries above the panels of a picture of this height in inches."""
    for (words, colour, dash, width), (x, line) in zip(entries, legend_places(entries), strict=True):
        y = 1 - (0.13 + LINE * line) / height
        ends = [x / WIDTH, (x + 0.36) / WIDTH]
        picture.add_artist(Line2D(ends, [y, y], color=colour, linestyle=dash, linewidth=width))
        ink = theme.muted if colour == theme.hair else colour
        picture.text((x + 0.43) / WIDTH, y, words, fontsize=8.5, va="center_baseline", color=ink, parse_math=False)
