"""Accuracy against demonstrations in small panels: a category or a task each."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from icl_lab.report.drawing.axes import Picture, new_panel, new_picture
from icl_lab.report.drawing.lines import hairline
from icl_lab.report.drawing.style import LIGHT, Theme, styled
from icl_lab.report.fewshot.data import FewShotResults
from icl_lab.report.fewshot.drawing import (
    LEFT,
    LINE,
    WIDTH,
    Line,
    draw_legend,
    draw_line,
    frame_shots,
    legend_entries,
    legend_places,
    line_curve,
    line_name,
    line_styles,
)


@styled
def category_figure(found: FewShotResults, theme: Theme = LIGHT) -> Picture:
    """A panel for each category: all of its tasks, true labels and controls, and what is scored without learning."""
    panels = [
        (f"{category} ({len(members)})", [Line("category_accuracy_mean", model, category, labels)
         for labels in ("", *found.controls) for model in found.models], members)
        for category in found.categories
        if (members := [task.name for task in found.tasks if task.category == category])
    ]  # fmt: skip
    return small_panels(found, panels, columns=2, height=1.75, theme=theme)


@styled
def task_figure(found: FewShotResults, theme: Theme = LIGHT) -> Picture:
    """A small panel for each task."""
    panels = [
        (task.name.replace("_", " "), [Line("accuracy_mean", model, task.name, labels)
         for labels in ("", *found.controls) for model in found.models], [task.name])
        for task in found.tasks
    ]  # fmt: skip
    return small_panels(found, panels, columns=4, height=0.95, theme=theme)


def small_panels(
    found: FewShotResults,
    panels: Sequence[tuple[str, list[Line], list[str]]],
    columns: int,
    height: float,
    theme: Theme,
) -> Picture:
    """Panels of one size under one legend: (head, lines, tasks whose mean floor is the hairline)."""
    styles = line_styles(found)
    columns = min(columns, len(panels))
    right, gap, title, foot = 0.12, 0.28, 0.3, 0.5
    rows = math.ceil(len(panels) / columns)
    each = (WIDTH - LEFT - right - gap * (columns - 1)) / columns
    names = list(dict.fromkeys(line_name(line.model, line.labels) for _, lines, _ in panels for line in lines))
    entries = legend_entries(names, styles, theme)
    legend = 0.08 + LINE * (1 + max(line for _, line in legend_places(entries)))
    total = legend + rows * (title + height) + (rows - 1) * 0.16 + foot
    picture = new_picture(theme, WIDTH, total)
    draw_legend(picture, entries, theme, total)
    for place, (head, lines, members) in enumerate(panels):
        row, column = divmod(place, columns)
        y = total - legend - (row + 1) * (title + height) - row * 0.16
        axes = new_panel(picture, theme, (LEFT + column * (each + gap), y, each, height))
        frame_shots(axes, list(found.shots), small=columns > 2)
        floors = [found.floor(model, task) for model in found.models for task in members]
        hairline(axes, theme, "", y=float(np.mean(floors)))
        for number, line in enumerate(lines):
            curve = line_curve(found, line)
            if curve.x.size:
                look = styles[line_name(line.model, line.labels)]
                draw_line(axes, curve, replace(look, width=0.75 * look.width), theme, number,
                          size=3.6 if columns < 3 else 2.8)  # fmt: skip
        axes.text(0, 1.05, head, transform=axes.transAxes, fontsize=8.5, fontweight="bold", color=theme.ink,
                  parse_math=False)  # fmt: skip
        axes.tick_params(labelsize=8 if columns < 3 else 7)
        axes.tick_params(labelleft=column == 0, labelbottom=place + columns >= len(panels))
    picture.text(
        0.5, 0.1 / total, "demonstrations in the prompt", ha="center", va="bottom", fontsize=9, color=theme.ink
    )
    return picture
