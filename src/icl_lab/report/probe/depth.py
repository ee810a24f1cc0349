"""What is read off every block: errors over depth, and the scale and shift behind them, beside published curves."""

from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float

from icl_lab.report.drawing.axes import Picture, error_axis, new_panel, new_picture
from icl_lab.report.drawing.lines import hairline
from icl_lab.report.drawing.style import LIGHT, Theme, styled
from icl_lab.report.probe.data import Looked, Probe
from icl_lab.report.probe.parts import FOOT, LEFT, RIGHT, WIDTH, Entry, blocks_axis, legend, over_blocks, ramp

DASHES = ("-", (0, (4, 2)))
DOTTED, HAIR = (0, (1, 1.6)), (0, (2, 2))


@styled
def depth_picture(probe: Probe, network: Looked, measure: str, *, theme: Theme = LIGHT) -> Picture:
    """Errors after each block, a line for each number of examples, the darker the more."""
    picture = new_picture(theme, WIDTH, 3.4)
    axes = new_panel(picture, theme, (LEFT, FOOT, WIDTH - LEFT - RIGHT, 3.4 - FOOT - 0.2))
    points, end = probe.shown(network), probe.end(network)
    metric = probe.read_out(network)
    curves = {k: over_blocks(probe.of(network, metric, shown=k)) for k in points or [None]}  # type: ignore[list-item]
    published = _published(probe, "error", end, len(network.blocks))
    everything = [curve[1] for curve in curves.values()] + [curve[1] for _, curve in published]
    error_axis(axes, everything, everything, probe.zero_error)
    hairline(axes, theme, "", y=probe.zero_error)
    colours = ramp(len(curves), theme)
    for (x, low, high), place in zip(((c[0], c[2], c[3]) for _, c in published), range(9), strict=False):
        axes.fill_between(x, low, high, color=theme.models[1 + place], alpha=0.18, linewidth=0, zorder=0.5)
    for (x, y, low, high), colour in zip(curves.values(), colours, strict=True):
        axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0, zorder=1)
        axes.plot(x, y, color=colour, linewidth=1.8, marker="o", markersize=3.6, zorder=3)
    fitted = end is not None and metric != "layer_plain_error"
    of_end = points.index(end) if end is not None else 0
    if fitted:
        x, y, *_ = over_blocks(probe.of(network, "layer_plain_error", shown=end))
        axes.plot(x, y, color=colours[of_end], linewidth=1.1, linestyle=DOTTED, zorder=2)
    blocks_axis(axes, network)
    axes.set_ylabel(measure)
    names = [f"{k} example{'s' if k != 1 else ''}" for k in points] or ["read-out"]
    entries = [Entry(name, colour) for name, colour in zip(names, colours, strict=True)][::-1]
    if fitted:
        entries.insert(len(points) - of_end, Entry("the same, as it is", colours[of_end], DOTTED))
    entries += [Entry(label, theme.models[1 + place]) for place, (label, _) in enumerate(published)]
    entries.append(Entry(probe.measure.zero, theme.muted, HAIR))
    legend(picture, entries, (WIDTH - RIGHT + 0.1, 3.3))
    return picture


def _published(
    probe: Probe, quantity: str, shown: int | None, num_blocks: int
) -> list[tuple[str, tuple[Float[np.ndarray, " points"], ...]]]:
    """Published curves, laid over our blocks by relative depth."""
    rows = probe.records.filter(
        (pl.col("metric") == f"published_layer_{quantity}") & (pl.col("shown") == (shown or -1))
    )
    found = []
    for (label,), curve in rows.group_by("predictor", maintain_order=True):
        layers = probe.records.filter((pl.col("metric") == "published_layers") & (pl.col("predictor") == label))
        x, *ys = over_blocks(curve.sort("block"))
        most = float(layers["value"][0]) if len(layers) else float(x.max() + 1)
        found.append((f"{label}, published", (x / max(1, most - 1) * (num_blocks - 1), *ys)))
    return found


def published_fits(probe: Probe, shown: int) -> str:
    """What the grey lines beside the fits are; empty where there are none."""
    names = [label.removesuffix(", published") for label, _ in _published(probe, "scale", shown, 1)]
    lines = ", ".join(f"{name} {words}" for name, words in zip(names, ("solid", "dashed"), strict=False))
    return f" Grey: published, {lines}, by relative depth." if lines else ""


@styled
def fit_picture(probe: Probe, network: Looked, *, theme: Theme = LIGHT) -> Picture:
    """Scale and shift after each block, beside each other."""
    picture = new_picture(theme, WIDTH, 2.3)
    each = (WIDTH - LEFT - 0.3 - 0.8) / 2
    shown = probe.end(network)
    for place, (metric, level) in enumerate((("layer_scale", 1.0), ("layer_shift", 0.0))):
        axes = new_panel(picture, theme, (LEFT + place * (each + 0.8), FOOT, each, 2.3 - FOOT - 0.2))
        x, y, low, high = over_blocks(probe.of(network, metric, shown=shown))
        hairline(axes, theme, "", y=level)
        beside: dict[str, Any] = {
            "xytext": (4, 0),
            "textcoords": "offset points",
            "va": "center",
            "fontsize": 8,
            "color": theme.muted,
        }
        axes.annotate(f"{level:g}", (1, level), xycoords=axes.get_yaxis_transform(), annotation_clip=False, **beside)
        axes.fill_between(x, low, high, color=theme.models[0], alpha=0.16, linewidth=0)
        axes.plot(x, y, color=theme.models[0], linewidth=1.8, marker="o", markersize=3.6, zorder=3)
        quantity = metric.removeprefix("layer_")
        for (_, (x, y, *_ends)), dash in zip(
            _published(probe, quantity, shown, len(network.blocks)), DASHES, strict=False
        ):
            axes.plot(x, y, color=theme.baseline, linewidth=0.9, linestyle=dash, zorder=2)
        axes.set_ylabel(quantity)
        blocks_axis(axes, network)
    return picture
