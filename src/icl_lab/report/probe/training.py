"""Several networks beside each other, checkpoints in the order of training: errors and the nearest method of each."""

import numpy as np

from icl_lab.report.drawing.axes import Picture, new_panel, new_picture
from icl_lab.report.drawing.dots import scale_errors
from icl_lab.report.drawing.drawn import Drawn
from icl_lab.report.drawing.lines import hairline
from icl_lab.report.drawing.style import LIGHT, Theme, styled
from icl_lab.report.labels import shortened
from icl_lab.report.probe.data import Looked, Probe
from icl_lab.report.probe.grids import HeatMap, heat_maps
from icl_lab.report.probe.methods import UNIT, nearness
from icl_lab.report.probe.parts import FOOT, WIDTH, Entry, legend
from icl_lab.report.probe.words import UNLIKE, block_rows, likeness

NAMES, METHODS, LINE = 1.75, 1.9, 0.24  # inches for names on the left, for methods on the right, for a network


def training_figures(probe: Probe) -> list[Drawn]:
    """The figures of several networks; none of one alone."""
    networks = [one for one in in_order(probe) if len(probe.of(one, probe.read_out(one)))]
    if len(networks) < 2:
        return []
    where = "" if (end := probe.end(networks[0])) is None else f" {probe.measure.at(end)}"
    compared = any(row.nearest for one in networks for row in block_rows(probe, one)[-1:])
    told = f"The error of each network{where}, from the top in the order of training, with 90% intervals"
    near = (
        "; the ring is the distance of its answers to those of the method that is nearest, which is named on the "
        f"right where it leaves at most {UNLIKE:.0%} of the answers unexplained"
    )
    found = [
        Drawn("training", "Over training", f"{told}{near if compared else ''}.", training_picture(probe, networks)),
        Drawn(
            "training-blocks",
            "Error of every block, over training",
            f"What is read off every block of each network{where}: powers of ten by which its error is below "
            f"{'chance' if probe.complement else 'that of the zero predictor'}.",
            heat_maps([_by_block(probe, networks)], down="", across="block", unit=UNIT),
        ),
    ]
    if compared:
        grid = _by_family(probe, networks)
        picture = heat_maps([grid], down="", across="", unit=UNIT)
        words = (
            f"How near the answers of the last block are to those of each method{where}. A dot marks the method that "
            "the figure above names."
        )
        found.append(Drawn("training-methods", "Which method, over training", words, picture))
    return found


def in_order(probe: Probe) -> list[Looked]:
    """Networks with the checkpoints of a training one after the other, the earliest first."""
    trainings = list(dict.fromkeys((one.label, one.seed, one.run) for one in probe.networks))
    return sorted(probe.networks, key=lambda one: (trainings.index((one.label, one.seed, one.run)), one.step))


def names(networks: list[Looked]) -> list[str]:
    """A short name for each network, which says what tells it from the others."""
    labels = shortened(dict.fromkeys(one.label for one in networks), width=16)
    seeds = len({(one.label, one.seed) for one in networks}) > len({one.label for one in networks})
    return [
        f"{labels[one.label]}{f' seed {one.seed}' if seeds else ''}, {one.step:,} step{'s' if one.step != 1 else ''}"
        for one in networks
    ]


@styled
def training_picture(probe: Probe, networks: list[Looked], *, theme: Theme = LIGHT) -> Picture:
    """A line for each network: its own error, the distance to the nearest method, and which that is."""
    tall = LINE * len(networks) + 0.15
    picture = new_picture(theme, WIDTH, tall + FOOT + 0.3)
    axes = new_panel(picture, theme, (NAMES, FOOT, WIDTH - NAMES - METHODS, tall))
    axes.grid(visible=False, axis="y")
    axes.grid(axis="x", color=theme.grid, linewidth=0.8)
    seen, compared = [], False
    for place, network in enumerate(networks):
        last = block_rows(probe, network)[-1]
        own = last.plain if last.plain[0] is not None else last.error
        compared |= bool(last.nearest)
        for (value, low, high), face, colour in (
            (last.distance, theme.paper, theme.models[1]), (own, theme.models[0], theme.models[0]),
        ):  # fmt: skip
            if value is None:
                continue
            seen += [end for end in (value, low, high) if end is not None]
            if low is not None and high is not None:
                axes.plot([low, high], [place, place], color=colour, linewidth=2.0, alpha=0.4, zorder=2)
            axes.plot([value], [place], "o", markersize=5, markerfacecolor=face, markeredgecolor=colour, zorder=3)
        axes.annotate(
            last.nearest.partition(" (")[0], (1, place), xycoords=axes.get_yaxis_transform(), xytext=(6, 0),
            textcoords="offset points", va="center", fontsize=7.5, color=theme.ink, annotation_clip=False,
            parse_math=False,
        )  # fmt: skip
    scale_errors(axes, seen, probe.zero_error)
    hairline(axes, theme, "", x=probe.zero_error)
    axes.set_ylim(len(networks) - 0.5, -0.5)
    axes.set_yticks(range(len(networks)), labels=names(networks), parse_math=False)
    axes.tick_params(axis="y", length=0, labelsize=7.5)
    axes.set_xlabel(probe.measure.words, fontsize=8.5)
    height = tall + FOOT + 0.3
    entries = [Entry("error", theme.models[0]), Entry("distance to the nearest method", theme.models[1])]
    for x, entry in zip((NAMES, NAMES + 0.45), entries[: 1 + compared], strict=False):
        legend(picture, [entry], (x, height - 0.02))
    legend(picture, [Entry(f"dashed: {probe.measure.zero}", theme.muted)], (WIDTH - METHODS + 0.1, height - 0.02))
    return picture


def _by_block(probe: Probe, networks: list[Looked]) -> HeatMap:
    near, most = nearness(probe.zero_error), max(len(one.blocks) for one in networks)
    values = np.full((len(networks), most), np.nan)
    for place, network in enumerate(networks):
        for row in block_rows(probe, network):
            error = row.error[0]
            values[place, row.block] = np.nan if error is None else near(error)
    return HeatMap("", values, tuple(names(networks)), tuple(map(str, range(most))))


def _by_family(probe: Probe, networks: list[Looked]) -> HeatMap:
    near, found = nearness(probe.zero_error), []
    families: dict[str, None] = {}
    for network in networks:
        end, last = probe.end(network), len(network.blocks) - 1
        rows = probe.of(network, "distance", shown=end, block=last).select("about", "value")
        found.append({about: near(value) for about, value in rows.iter_rows() if value is not None})
        families |= dict.fromkeys(found[-1])
    values = np.array([[one.get(name, np.nan) for name in families] for one in found])
    likenesses = [likeness(probe, one, len(one.blocks) - 1, probe.end(one)) for one in networks]
    columns = list(families)
    dots = [(i, columns.index(one.family)) for i, one in enumerate(likenesses) if one and one.holds]
    return HeatMap("", values, tuple(names(networks)), tuple(columns), turned=True, dots=tuple(dots))
