"""What probes read from the stream, a panel for each target."""

import numpy as np

from icl_lab.report.axes import Picture, new_panel, new_picture
from icl_lab.report.lines import hairline
from icl_lab.report.probe.data import Looked, Probe
from icl_lab.report.probe.parts import FOOT, HEAD, LEFT, WIDTH, blocks_axis, over_blocks
from icl_lab.report.style import LIGHT, Theme, styled


@styled
def probes_picture(probe: Probe, network: Looked, *, theme: Theme = LIGHT) -> Picture:
    """A panel for each target."""
    rows = probe.of(network, "probe_ridge")
    targets = rows["about"].unique(maintain_order=True).to_list()
    columns = min(2, len(targets))
    lines = -(-len(targets) // columns)
    tall, gap = 1.45, 0.55
    height = lines * (tall + HEAD) + FOOT + 0.1 + 0.2 * (lines - 1)
    picture = new_picture(theme, WIDTH, height)
    each = (WIDTH - LEFT - 0.3 - gap * (columns - 1)) / columns
    for place, target in enumerate(targets):
        line, column = divmod(place, columns)
        box = (LEFT + column * (each + gap), height - (line + 1) * (tall + HEAD) - 0.2 * line, each, tall)
        axes = new_panel(picture, theme, box)
        for kind, dash in (("ridge", "-"), ("network", (0, (4, 2)))):
            for metric, colour in ((f"shuffled_{kind}", theme.baseline), (f"probe_{kind}", theme.models[0])):
                x, y, low, high = over_blocks(probe.of(network, metric, about=target))
                axes.fill_between(
                    x, np.maximum(low, -0.3), np.maximum(high, -0.3), color=colour, alpha=0.16, linewidth=0
                )
                axes.plot(x, np.maximum(y, -0.3), color=colour, linewidth=1.6, linestyle=dash)
        level = probe.of(network, "embedding_ridge", about=target)["value"].drop_nulls()
        if len(level):
            hairline(axes, theme, "embedding", y=max(-0.3, float(level[0])))
        axes.set_ylim(-0.3, 1.05)
        axes.set_title(target, fontsize=8.5, fontweight="bold", color=theme.ink, loc="left", parse_math=False)
        blocks_axis(axes, network, worded=place + columns >= len(targets))
        if column == 0:
            axes.set_ylabel("explained", fontsize=8.5)
    return picture
