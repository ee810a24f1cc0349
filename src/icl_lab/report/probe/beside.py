"""Error over depth beside the published one, for each number of examples (Grazzi et al. 2024, figures 3d and 4)."""

from collections.abc import Mapping

import polars as pl
from matplotlib.axes import Axes

from icl_lab.report.drawing.axes import Picture, error_axis, new_panel, new_picture
from icl_lab.report.drawing.lines import hairline
from icl_lab.report.drawing.style import LIGHT, Theme, styled
from icl_lab.report.probe.data import ITERATE, PUBLISHED_ITERATE, Looked, Probe
from icl_lab.report.probe.parts import LEFT, RIGHT, WIDTH, Dash, Entry, legend, over_blocks

HEIGHT, GAP, HEAD, FOOT = 2.7, 0.5, 0.3, 0.6
PUBLISHED = "published_layer_error"
METHODS: Mapping[str, tuple[str, Dash]] = {
    "gradient_descent": ("gradient descent", (0, (1, 1.6))),
    "gd_plus_plus": ("GD++", (0, (4, 2))),
}


@styled
def beside_picture(probe: Probe, network: Looked, measure: str, *, theme: Theme = LIGHT) -> Picture | None:
    """Errors after each block, published ones after each layer, both from the first to the last; descent step by step.

    None where it would repeat the figure of all numbers of examples: one panel without descent.
    """
    points = [shown for shown in probe.shown(network) if len(_rows(probe, PUBLISHED, shown=shown))]
    if len(points) < 2 and not any(len(_rows(probe, ITERATE, shown=shown)) for shown in points):
        return None
    models = _rows(probe, PUBLISHED)["predictor"].unique(maintain_order=True).to_list()
    colours = dict(zip(models, theme.models[1:], strict=False))
    picture = new_picture(theme, WIDTH, HEIGHT)
    each = (WIDTH - LEFT - RIGHT - GAP * (len(points) - 1)) / len(points)
    for place, shown in enumerate(points):
        axes = new_panel(picture, theme, (LEFT + place * (each + GAP), FOOT, each, HEIGHT - FOOT - HEAD))
        axes.set_title(f"{shown} examples", fontsize=8.5, loc="left")
        _panel(axes, probe, network, shown, colours, theme)
        if not place:
            axes.set_ylabel(measure)
    entries = [Entry("this network", theme.models[0], "-")]
    entries += [Entry(f"{name}, published", colour) for name, colour in colours.items()]
    described = [METHODS[name] for name in METHODS if len(_rows(probe, ITERATE, predictor=name))]
    entries += [Entry(words, theme.baseline, dash) for words, dash in described]
    entries += [Entry("dots: published", theme.baseline)] if described else []
    legend(picture, entries, (WIDTH - RIGHT + 0.1, HEIGHT - HEAD))
    return picture


def _panel(axes: Axes, probe: Probe, network: Looked, shown: int, colours: Mapping[str, str], theme: Theme) -> None:
    own = over_blocks(probe.of(network, probe.read_out(network), shown=shown))
    published = {name: over_blocks(_rows(probe, PUBLISHED, shown=shown, predictor=name)) for name in colours}
    ours = {name: over_blocks(_rows(probe, ITERATE, shown=shown, predictor=name)) for name in METHODS}
    theirs = {name: over_blocks(_rows(probe, PUBLISHED_ITERATE, shown=shown, predictor=name)) for name in METHODS}
    everything = [curve[1] for curve in (own, *published.values(), *ours.values(), *theirs.values())]
    error_axis(axes, everything, everything, probe.zero_error)
    hairline(axes, theme, "", y=probe.zero_error)
    x, y, low, high = own
    depth = x / max(1, len(network.blocks) - 1)
    axes.fill_between(depth, low, high, color=theme.models[0], alpha=0.15, linewidth=0, zorder=2)
    axes.plot(depth, y, color=theme.models[0], linewidth=1.8, marker="o", markersize=3.2, zorder=4)
    for name, (x, _, low, high) in published.items():
        axes.fill_between(x / max(x, default=1), low, high, color=colours[name], alpha=0.18, linewidth=0, zorder=1)
    for name, (_, dash) in METHODS.items():
        for (x, y, *_), look in ((ours[name], {"linestyle": dash}), (theirs[name], {"marker": "o", "linestyle": ""})):
            axes.plot(x / max(x, default=1), y, color=theme.baseline, linewidth=1.2, markersize=1.8, zorder=3, **look)
    axes.set_xlim(-0.03, 1.03)
    axes.set_xticks([0, 1], ["first", "last"], fontsize=8)
    axes.set_xlabel("block, layer or step")


def _rows(probe: Probe, metric: str, **where: object) -> pl.DataFrame:
    """Rows of no network of ours, in the order of layers or steps."""
    return probe.records.filter(pl.col("metric") == metric, **where).sort("block", maintain_order=True)
