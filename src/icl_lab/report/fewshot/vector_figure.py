"""Accuracy without demonstrations when a layer is given its task vector, layer by layer."""

import math
from dataclasses import replace

import polars as pl
from matplotlib.ticker import MaxNLocator

from icl_lab.report.drawing.axes import Picture, new_panel, new_picture
from icl_lab.report.drawing.lines import Curve, draw, hairline
from icl_lab.report.drawing.style import LIGHT, Theme, styled
from icl_lab.report.fewshot.data import PUBLISHED_SHOTS, FewShotResults
from icl_lab.report.fewshot.drawing import (
    DASHES,
    LEFT,
    LINE,
    WIDTH,
    draw_legend,
    legend_places,
    line_styles,
)
from icl_lab.report.fewshot.vector_table import UNPATCHED

THIN = 0.9
"""Width of the lines of another task's vector, in points."""


@styled
def vector_figure(found: FewShotResults, theme: Theme = LIGHT) -> Picture | None:
    """Accuracy without demonstrations when one layer is given its task vector; none where that was not measured.

    A panel a category; dashed, what a recurrent model remembers instead of what a layer hands on. Thin and without
    markers, the vector of another task in the same questions. Hairlines: the model without any demonstration, and after
    five, on the same questions.
    """
    rows = found.records.filter(pl.col("metric").str.starts_with("category_task_vector_"))
    if not len(rows):
        return None
    styles = {model: line_styles(found)[model] for model in found.models}
    names = [category for category in found.categories if len(rows.filter(pl.col("task") == category))]
    columns = min(2, len(names))
    lines, gap, height = math.ceil(len(names) / columns), 0.28, 1.75
    each = (WIDTH - LEFT - 0.12 - gap * (columns - 1)) / columns
    entries = [(model, look.colour(theme), look.dash, look.width) for model, look in styles.items()]
    if rows["metric"].str.ends_with("_other_mean").any():
        entries.append(("another task's vector", theme.muted, "-", THIN))
    entries.append((f"no demonstration, and {PUBLISHED_SHOTS}", theme.hair, (0, (2, 2)), 0.8))
    legend = LINE * (1 + max(line for _, line in legend_places(entries)))
    total = legend + lines * (0.46 + height) + 0.5
    picture = new_picture(theme, WIDTH, total)
    draw_legend(picture, entries, theme, total)
    for place, category in enumerate(names):
        row, column = divmod(place, columns)
        box = (LEFT + column * (each + gap), total - legend - (row + 1) * (0.46 + height) + 0.1, each, height)
        axes = new_panel(picture, theme, box)
        axes.set_ylim(-0.02, 1.03)
        for model, look in styles.items():
            for kind, dash in (("residual", look.dash), ("state", DASHES["shuffled"])):
                mine = rows.filter((pl.col("predictor") == model) & (pl.col("task") == category))
                curve = _curve(mine, f"category_task_vector_{kind}_mean")
                if curve.x.size:
                    draw(axes, curve, replace(look, dash=dash, width=1.5), theme, first_marker=0, marker_size=3.6)
                other = _curve(mine, f"category_task_vector_{kind}_other_mean")
                if other.x.size:
                    thin = replace(look, dash=dash, width=THIN)
                    draw(axes, other, thin, theme, first_marker=None)
            for shots in (0, PUBLISHED_SHOTS):
                level = found.value(f"category_{UNPATCHED}", model, category, shots)
                if level is not None:
                    hairline(axes, theme, f"{shots}", y=level)
        axes.text(0, 1.05, category, transform=axes.transAxes, fontsize=8.5, fontweight="bold", color=theme.ink,
                  parse_math=False)  # fmt: skip
        axes.tick_params(labelsize=8, labelleft=column == 0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    picture.text(0.5, 0.1 / total, "patched layer", ha="center", va="bottom", fontsize=9, color=theme.ink)
    return picture


def _curve(rows: pl.DataFrame, metric: str) -> Curve:
    """A metric layer by layer."""
    mine = rows.filter(pl.col("metric") == metric).sort("step")
    return Curve(1 + mine["step"].to_numpy(), mine["value"].to_numpy())
