"""Accuracies of tasks as a box for each model, ours among published ones."""

from collections.abc import Sequence

import numpy as np

from icl_lab.report.drawing.axes import Picture, frame_axes
from icl_lab.report.drawing.style import LIGHT, Theme, styled
from icl_lab.report.fewshot.data import PUBLISHED_SHOTS, FewShotResults
from icl_lab.report.fewshot.drawing import (
    WIDTH,
    line_styles,
)


@styled
def box_figure(found: FewShotResults, theme: Theme = LIGHT) -> Picture:
    """Accuracies of the tasks as a box for each model, ours among the published ones, by falling mean."""
    tasks = [task.name for task in found.tasks]
    styles, shots = line_styles(found), found.box_shots
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
