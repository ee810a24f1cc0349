"""The figures of a probe's page: error over depth, scale and shift, which method, probes, changes, hidden attention."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from icl_lab.report.axes import Picture, error_axis, new_panel, new_picture
from icl_lab.report.damping_figure import damping_picture
from icl_lab.report.drawn import Drawn
from icl_lab.report.inside import (
    ablation_picture,
    hidden_attention_picture,
    patching_picture,
    task_vector_picture,
)
from icl_lab.report.lines import hairline
from icl_lab.report.probe_data import Looked, Probe
from icl_lab.report.probing_pictures import HeatMap, heat_maps
from icl_lab.report.style import LIGHT, Theme, styled
from icl_lab.report.words import Measure

UNIT = "decades"
DASHES = ("-", (0, (4, 2)))
WIDTH, LEFT, RIGHT, FOOT, HEAD = 7.4, 0.72, 1.5, 0.5, 0.3


def draw_probe(probe: Probe, network: Looked) -> list[Drawn]:
    """Every figure that there are rows for, in the order of the page."""
    points = probe.shown(network)
    measure = Measure(probe.metric, "", "").words
    drawn = []
    if points:
        published = " Light bands: published curves, by relative depth." if probe.published else ""
        drawn.append(
            Drawn(
                "depth",
                "Error over depth",
                "What the network's own final norm and read-out make of the residual stream after each block, with a "
                "scale and a shift fitted for each function on ten queries and judged on others: two numbers fitted on "
                "10 labels cost about a fifth of the variance where a block says nothing. One line for each "
                "number of examples; bands are 90% intervals over functions. Dotted: without scale and shift, after "
                f"{points[-1]} examples.{published}",
                depth_picture(probe, network, measure),
            )
        )
        drawn.append(
            Drawn(
                "scale-and-shift",
                "Scale and shift",
                f"The fits behind the figure above after {points[-1]} examples, means over functions with 90% "
                "intervals. A block that speaks the language of the read-out needs scale 1 and shift 0."
                f"{_published_fits(probe, points[-1])}",
                fit_picture(probe, network),
            )
        )
    elif len(probe.of(network, "layer_plain_error")):
        drawn.append(
            Drawn(
                "depth",
                "Error over depth",
                "What the network's own final norm and read-out make of the residual stream after each block, with 90% "
                "intervals over prompts.",
                depth_picture(probe, network, measure),
            )
        )
    drawn += _method_figures(probe, network, points)
    drawn += _damping_figure(probe, measure)
    drawn += _probe_figure(probe, network)
    drawn += _changes(probe, network)
    return drawn


def _method_figures(probe: Probe, network: Looked, points: list[int]) -> list[Drawn]:
    if not len(probe.of(network, "distance")):
        return []
    end, last, zero = points[-1], len(network.blocks) - 1, probe.zero_error
    over_blocks = probe.of(network, "distance", shown=end)
    over_examples = probe.of(network, "distance", block=last)
    maps = [
        _nearness("by block", over_blocks, "block", zero),
        _nearness("last block, by examples", over_examples, "shown", zero),
    ]
    told = (
        "How near the answers are to those of each method on the same queries: powers of ten by which the mean squared "
        "difference is below the zero predictor's error. Each family takes part with the settings that are nearest on "
        "half of the functions; the numbers are those of the other half. A dot marks the nearest of each column."
    )
    drawn = [
        Drawn("methods", "Which method is it?", told, _dotted(heat_maps(maps, down="", across="", unit=UNIT), maps)),
    ]
    steps = probe.of(network, "steps_distance", shown=end)
    if len(steps):
        families = steps["about"].str.extract("^(.*): ", 1).drop_nulls().unique(maintain_order=True).to_list()
        counted = [
            _counted(_nearness(name, steps.filter(pl.col("about").str.starts_with(f"{name}: ")), "block", zero))
            for name in families
        ]
        words = (
            f"The same after {end} examples, step by step: does depth count iterations? Where it does, the dots "
            "descend from one block to the next. GD++ damps the large directions of the inputs once (Grazzi et al.) "
            "or after every step (von Oswald et al.), with the strength that is nearest for as many steps."
        )
        drawn.append(
            Drawn(
                "steps",
                "Steps over depth",
                words,
                _dotted(heat_maps(counted, down="", across="block", unit=UNIT), counted),
            )
        )
    return drawn


def _damping_figure(probe: Probe, measure: str) -> list[Drawn]:
    picture = damping_picture(probe.records, measure)
    told = (
        "Error of GD++ after 24 steps on 40 examples against how much it damps the directions in which inputs are "
        "large; a method, no network. Blue: ours, with 90% intervals over functions. Grey dots: published, figure 11 "
        "of Grazzi et al."
    )
    return [Drawn("damping", "How much should GD++ damp?", told, picture)] if picture is not None else []


def _dotted(picture: Picture, maps: Sequence[HeatMap], theme: Theme = LIGHT) -> Picture:
    """Mark the highest cell of every column."""
    for axes, one in zip(picture.axes, maps, strict=False):
        known = [column for column in range(one.values.shape[1]) if np.nanmax(one.values[:, column]) > 0]
        rows = [int(np.nanargmax(one.values[:, column])) for column in known]
        axes.plot(known, rows, "o", color=theme.models[4], markersize=3.2, linestyle="none", clip_on=False)
    return picture


def _counted(one: HeatMap) -> HeatMap:
    counts = [name.rpartition(": ")[2] for name in one.rows]
    rows = tuple(f"{count} step{'s' if count != '1' else ''}" for count in counts)
    return HeatMap(one.title, one.values, rows, one.columns)


def _nearness(title: str, rows: pl.DataFrame, across: str, zero: float) -> HeatMap:
    """Methods from top to bottom, blocks or numbers of examples from left to right."""
    names = rows["about"].unique(maintain_order=True).to_list()
    columns = sorted(rows[across].unique().to_list())
    values = np.full((len(names), len(columns)), np.nan)
    for row in rows.iter_rows(named=True):
        nearness = np.log10(zero / max(row["value"], 1e-12 * zero)) if row["value"] is not None else np.nan
        values[names.index(row["about"]), columns.index(row[across])] = max(0.0, min(6.0, nearness))
    return HeatMap(title, values, tuple(names), tuple(map(str, columns)))


def _probe_figure(probe: Probe, network: Looked) -> list[Drawn]:
    rows = probe.of(network, "probe_ridge")
    if not len(rows):
        return []
    told = (
        "Share of the variance of each target that a probe explains on functions it has not seen, block by block: a "
        "linear one (solid) and one with a hidden layer (dashed); bands from the smallest to the largest of "
        f"{probe.settings.get('seeds', 'several')} seeds. Grey: the same probes for shuffled targets, which hold "
        "nothing to find. Dashed level: a linear probe of the embedding of the query, which has seen no example."
    )
    return [Drawn("probes", "What can be read from the stream", told, probes_picture(probe, network))]


def _changes(probe: Probe, network: Looked) -> list[Drawn]:
    rows = probe.records.filter(pl.col("run") == network.run)
    titles = {block: f"block {block} {kind}" for block, kind in enumerate(network.blocks)}
    pictures = (
        (
            "ablation",
            "What is lost without a part",
            "Error on the last quarter of each prompt with one part replaced by its mean over other prompts.",
            ablation_picture(rows),
        ),
        (
            "task-vectors",
            "Which block carries the task",
            "Error of the last question when the examples are known to one block's state alone.",
            task_vector_picture(rows),
        ),
        (
            "patching",
            "Where the examples are used",
            "How much the error of the last answer rises when the stream at the tokens of one example comes from "
            "another prompt; grey where its 90% interval holds 0.",
            patching_picture(rows),
        ),
        (
            "hidden-attention",
            "What is read",
            "How much each example counts for what a block reads: attention weights, the weights that a recurrence "
            "implies, or norms of Jacobians; the tokens of an example together, means over heads. Of a recurrence: "
            "what comes from its state, without the skip beside it and the mixing of the short convolution before it.",
            hidden_attention_picture(rows, titles=titles),
        ),
    )
    return [Drawn(stem, heading, told, picture) for stem, heading, told, picture in pictures if picture is not None]


@styled
def depth_picture(probe: Probe, network: Looked, measure: str, *, theme: Theme = LIGHT) -> Picture:
    """Errors after each block, a line for each number of examples, the darker the more."""
    picture = new_picture(theme, WIDTH, 3.4)
    axes = new_panel(picture, theme, (LEFT, FOOT, WIDTH - LEFT - RIGHT, 3.4 - FOOT - 0.2))
    points = probe.shown(network)
    metric = "layer_error" if points else "layer_plain_error"
    curves = {k: _curve(probe.of(network, metric, shown=k)) for k in points or [None]}  # type: ignore[list-item]
    published = _published(probe, "error", points[-1] if points else None, len(network.blocks))
    everything = [curve[1] for curve in curves.values()] + [curve[1] for _, curve in published]
    error_axis(axes, everything, everything, probe.zero_error)
    hairline(axes, theme, "zero predictor", y=probe.zero_error)
    colours = _ramp(len(curves), theme)
    for (x, low, high), place in zip(((c[0], c[2], c[3]) for _, c in published), range(9), strict=False):
        axes.fill_between(x, low, high, color=theme.models[1 + place], alpha=0.18, linewidth=0, zorder=0.5)
    for (x, y, low, high), colour in zip(curves.values(), colours, strict=True):
        axes.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0, zorder=1)
        axes.plot(x, y, color=colour, linewidth=1.8, marker="o", markersize=3.6, zorder=3)
    if points:
        x, y, *_ = _curve(probe.of(network, "layer_plain_error", shown=points[-1]))
        axes.plot(x, y, color=colours[-1], linewidth=1.1, linestyle=(0, (1, 1.6)), zorder=2)
    _blocks_axis(axes, network)
    axes.set_ylabel(measure)
    names = [f"{k} example{'s' if k != 1 else ''}" for k in points] or ["read-out"]
    pairs = [*zip(names, colours, strict=True)]
    pairs += [(label, theme.models[1 + place]) for place, (label, _) in enumerate(published)]
    _legend(picture, pairs, (WIDTH - RIGHT + 0.1, 3.2))
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
        x, *ys = _curve(curve.sort("block"))
        most = float(layers["value"][0]) if len(layers) else float(x.max() + 1)
        found.append((f"{label}, published", (x / max(1, most - 1) * (num_blocks - 1), *ys)))
    return found


def _published_fits(probe: Probe, shown: int) -> str:
    """What the grey lines beside the fits are; empty where there are none."""
    names = [label.removesuffix(", published") for label, _ in _published(probe, "scale", shown, 1)]
    lines = ", ".join(f"{name} {words}" for name, words in zip(names, ("solid", "dashed"), strict=False))
    return f" Grey: published, {lines}, by relative depth." if lines else ""


@styled
def fit_picture(probe: Probe, network: Looked, *, theme: Theme = LIGHT) -> Picture:
    """Scale and shift after each block, beside each other."""
    picture = new_picture(theme, WIDTH, 2.3)
    each = (WIDTH - LEFT - 0.3 - 0.8) / 2
    shown = probe.shown(network)[-1]
    for place, (metric, level) in enumerate((("layer_scale", 1.0), ("layer_shift", 0.0))):
        axes = new_panel(picture, theme, (LEFT + place * (each + 0.8), FOOT, each, 2.3 - FOOT - 0.2))
        x, y, low, high = _curve(probe.of(network, metric, shown=shown))
        hairline(axes, theme, f"{level:g}", y=level)
        axes.fill_between(x, low, high, color=theme.models[0], alpha=0.16, linewidth=0)
        axes.plot(x, y, color=theme.models[0], linewidth=1.8, marker="o", markersize=3.6, zorder=3)
        quantity = metric.removeprefix("layer_")
        for (_, (x, y, *_ends)), dash in zip(
            _published(probe, quantity, shown, len(network.blocks)), DASHES, strict=False
        ):
            axes.plot(x, y, color=theme.baseline, linewidth=0.9, linestyle=dash, zorder=2)
        axes.set_ylabel(quantity)
        _blocks_axis(axes, network)
    return picture


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
                x, y, low, high = _curve(probe.of(network, metric, about=target))
                axes.fill_between(
                    x, np.maximum(low, -0.3), np.maximum(high, -0.3), color=colour, alpha=0.16, linewidth=0
                )
                axes.plot(x, np.maximum(y, -0.3), color=colour, linewidth=1.6, linestyle=dash)
        level = probe.of(network, "embedding_ridge", about=target)["value"].drop_nulls()
        if len(level):
            hairline(axes, theme, "embedding", y=max(-0.3, float(level[0])))
        axes.set_ylim(-0.3, 1.05)
        axes.set_title(target, fontsize=8.5, fontweight="bold", color=theme.ink, loc="left", parse_math=False)
        _blocks_axis(axes, network, worded=place + columns >= len(targets))
        if column == 0:
            axes.set_ylabel("explained", fontsize=8.5)
    return picture


def _curve(rows: pl.DataFrame) -> tuple[Float[np.ndarray, " points"], ...]:
    """x, y and the ends of its band; where there are none, the band has no height."""
    x, y = rows["block"].to_numpy().astype(float), rows["value"].cast(pl.Float64).to_numpy()
    ends = (rows[end].cast(pl.Float64).fill_null(pl.Series(y, strict=False)) for end in ("low", "high"))
    return x, y, *(end.to_numpy() for end in ends)


def _ramp(count: int, theme: Theme) -> list[str]:
    """From light to dark; the last is a model's colour."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    shades = LinearSegmentedColormap.from_list("ramp", [theme.hair, theme.models[0]])
    return [to_hex(shades(1.0 if count == 1 else place / (count - 1))) for place in range(count)]


def _blocks_axis(axes: Axes, network: Looked, *, worded: bool = True) -> None:
    axes.set_xlim(-0.2, max(1, len(network.blocks) - 1) + 0.2)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9, steps=[1, 2, 4, 5, 10]))
    if worded:
        axes.set_xlabel("block")


def _legend(picture: Picture, pairs: Sequence[tuple[str, str]], corner: tuple[float, float]) -> None:
    width, height = picture.get_size_inches()
    for place, (words, colour) in enumerate(reversed(pairs)):
        picture.text(
            corner[0] / width, (corner[1] - 0.17 * (place + 1)) / height, words,
            color=colour, fontsize=8, va="center", parse_math=False,
        )  # fmt: skip
