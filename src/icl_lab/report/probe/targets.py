"""What probes read from the stream: a panel for each target, and how easily it is read."""

from dataclasses import dataclass

import numpy as np

from icl_lab.report.drawing.axes import Picture, new_panel, new_picture
from icl_lab.report.drawing.lines import hairline
from icl_lab.report.drawing.style import LIGHT, Theme, styled
from icl_lab.report.probe.data import Looked, Probe
from icl_lab.report.probe.parts import FOOT, HEAD, LEFT, RIGHT, WIDTH, Dash, Entry, blocks_axis, legend, over_blocks

DASHED: Dash = (0, (4, 2))
KINDS: tuple[tuple[str, Dash], ...] = (("ridge", "-"), ("network", DASHED))
LOWEST = -0.3
"""Where panels end: below it a probe is worse than no probe, by how much does not matter."""


@dataclass(frozen=True)
class _Source:
    """Whose probes a line is of."""

    metric: str
    words: str
    colour: str
    width: float


def _sources(theme: Theme) -> tuple[_Source, ...]:
    """From the back to the front."""
    return (
        _Source("shuffled", "shuffled target", theme.baseline, 1.0),
        _Source("untrained", "fresh weights", theme.models[1], 1.3),
        _Source("probe", "trained", theme.models[0], 1.7),
    )


@styled
def probes_picture(probe: Probe, network: Looked, *, theme: Theme = LIGHT) -> Picture:
    """What is explained on functions that no probe has seen, a panel for each target."""
    targets = probe.of(network, "probe_ridge")["about"].unique(maintain_order=True).to_list()
    columns = min(2, len(targets))
    lines = -(-len(targets) // columns)
    tall, gap, top = 1.45, 0.55, 0.1
    height = top + lines * (tall + HEAD) + FOOT + 0.1 + 0.2 * (lines - 1)
    picture = new_picture(theme, WIDTH, height)
    each = (WIDTH - LEFT - RIGHT - gap * (columns - 1)) / columns
    for place, target in enumerate(targets):
        line, column = divmod(place, columns)
        box = (LEFT + column * (each + gap), height - top - (line + 1) * (tall + HEAD) - 0.2 * line, each, tall)
        axes = new_panel(picture, theme, box)
        for source in _sources(theme):
            for kind, dash in KINDS:
                x, *ends = over_blocks(probe.of(network, f"{source.metric}_{kind}", about=target))
                y, low, high = (np.maximum(end, LOWEST) for end in ends)
                axes.fill_between(x, low, high, color=source.colour, alpha=0.14, linewidth=0)
                axes.plot(x, y, color=source.colour, linewidth=source.width, linestyle=dash)
        level = probe.of(network, "embedding_ridge", about=target)["value"].drop_nulls()
        if len(level):
            hairline(axes, theme, "", y=max(LOWEST, float(level[0])))
        axes.set_ylim(LOWEST, 1.05)
        axes.set_title(target, fontsize=8.5, fontweight="bold", color=theme.ink, loc="left", parse_math=False)
        blocks_axis(axes, network, worded=place + columns >= len(targets))
        if column == 0:
            axes.set_ylabel("explained", fontsize=8.5)
    entries = [Entry(one.words, one.colour, "-") for one in reversed(_sources(theme))
               if len(probe.of(network, f"{one.metric}_ridge"))]  # fmt: skip
    entries += [Entry("query alone", theme.muted, (0, (2, 2))), Entry("", theme.ink)]
    entries += [Entry("linear", theme.ink, "-"), Entry("hidden layer", theme.ink, DASHED)]
    legend(picture, entries, (WIDTH - RIGHT + 0.1, height - top - HEAD + 0.1))
    return picture


@styled
def bits_picture(probe: Probe, network: Looked, *, theme: Theme = LIGHT) -> Picture:
    """Bits that a linear probe saves, a line for each target; dashed for fresh weights."""
    rows = probe.of(network, "probe_bits")
    targets = rows["about"].unique(maintain_order=True).to_list()
    tall = 2.4
    picture = new_picture(theme, WIDTH, tall)
    axes = new_panel(picture, theme, (LEFT, FOOT, WIDTH - LEFT - RIGHT - 0.15, tall - FOOT - 0.15))
    hairline(axes, theme, "", y=0.0)
    colours = [theme.models[place % len(theme.models)] for place in range(len(targets))]
    for target, colour in zip(targets, colours, strict=True):
        for metric, dash, width in (("untrained_bits", DASHED, 1.1), ("probe_bits", "-", 1.8)):
            x, y, low, high = over_blocks(probe.of(network, metric, about=target))
            axes.fill_between(x, low, high, color=colour, alpha=0.14, linewidth=0)
            axes.plot(x, y, color=colour, linewidth=width, linestyle=dash, marker="o" if dash == "-" else "",
                      markersize=3.4)  # fmt: skip
    blocks_axis(axes, network)
    axes.set_ylabel("bits saved / number")
    entries = [Entry(target, colour, "-") for target, colour in zip(targets, colours, strict=True)]
    entries += [Entry("", theme.ink), Entry("trained", theme.ink, "-"), Entry("fresh weights", theme.ink, DASHED)]
    legend(picture, entries, (WIDTH - RIGHT, tall - 0.1))
    return picture
