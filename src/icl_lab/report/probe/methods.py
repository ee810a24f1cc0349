"""Which method a network is like, block by block and step by step, as colours."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from icl_lab.report.drawing.drawn import Drawn
from icl_lab.report.probe.data import Looked, Probe
from icl_lab.report.probe.grids import HeatMap, heat_maps
from icl_lab.report.probe.words import UNLIKE, Likeness, likeness

UNIT = "decades"
FAR = 1.5
"""Times as far out as inputs from which on axes are said to be outside them."""
Shade = Callable[[float], float]


def method_figures(probe: Probe, network: Looked, points: list[int]) -> list[Drawn]:
    """Grids of likeness to methods, by block, by examples and by steps; none where no method was compared."""
    if not len(probe.of(network, "distance")):
        return []
    near = nearness(probe.zero_error)
    found = [
        _both_ways(
            probe, network, "methods", "Which method is it?", "distance", near, UNIT,
            "How near the answers are to those of each method on the same queries: powers of ten by which the mean "
            "squared difference is below the zero predictor's error. Each family takes part with the settings that are "
            "nearest on half of the functions; the numbers are those of the other half. A dot marks the method that "
            "the table names: of those within one per cent of the nearest the simplest; none where it leaves more than "
            f"{UNLIKE:.0%} of the answers unexplained. Where nothing is dark, answers are near 0, and not far "
            "from any method that says little.",
        ),
        _both_ways(
            probe, network, "errors-alike", "Does it err as the method does?", "similarity", float, "cosine",
            "Cosine between the errors of the network and those of the method at the same queries: 1 where both are "
            "wrong in the same way, 0 (and below) where their errors have nothing in common. Empty where a method has "
            "no errors but rounding. Settings and dots are those of the figure above.",
        ),
        _both_ways(
            probe, network, "weights-alike", "Does it hold the method's weights?", "weight_distance", near, UNIT,
            "The weights that the answers along the axes of x imply, beside those of the method: powers of ten by "
            "which their squared distance is below the zero predictor's error, as it would be for inputs of variance "
            "1. Methods without weights are missing. Dots are those of the first figure. Below each column: the part "
            f"of these answers that is even in x, which no weights have; above {UNLIKE:.0%} there are no weights to "
            f"speak of, and the column is grey.{_outside(probe, network)}",
            beside="even_share",
        ),
    ]  # fmt: skip
    return [one for one in found if one is not None] + _steps(probe, network)


def _both_ways(
    probe: Probe, network: Looked, stem: str, heading: str, metric: str, shade: Shade, unit: str, told: str,
    beside: str = "",
) -> Drawn | None:  # fmt: skip
    """A grid over blocks after one number of examples beside one over examples for the last block."""
    last, rows = len(network.blocks) - 1, probe.of(network, metric)
    if not len(rows):
        return None
    end = probe.end(network)
    maps = [
        grid_of(f"after {end} examples", rows.filter(pl.col("shown") == end), "block", shade, "block"),
        grid_of("last block", rows.filter(pl.col("block") == last), "shown", shade, "examples"),
    ]
    places: list[list[tuple[int, int | None]]] = [
        [(int(block), end) for block in maps[0].columns],
        [(last, int(shown)) for shown in maps[1].columns],
    ]
    maps = [
        replace(one, dots=_named(one, [likeness(probe, network, *place) for place in at]))
        for one, at in zip(maps, places, strict=True)
    ]
    if beside:
        maps = [_with_share(one, probe, network, beside, at) for one, at in zip(maps, places, strict=True)]
    maps = [one for one in maps if one.values.size]
    picture = heat_maps(maps, down="", across="", unit=unit, highest=1.0 if unit != UNIT else None)
    return Drawn(stem, heading, told, picture)


def _named(one: HeatMap, said: Sequence[Likeness | None]) -> tuple[tuple[int, int], ...]:
    """The cell of each column whose method its answers are said to be, where there is one and it has a row."""
    return tuple(
        (one.rows.index(like.family), column)
        for column, like in enumerate(said)
        if like is not None and like.holds and like.family in one.rows
    )


def _with_share(
    one: HeatMap, probe: Probe, network: Looked, metric: str, places: Sequence[tuple[int, int | None]]
) -> HeatMap:
    """A share below each column, and nothing in a column, not even a dot, where it is too large."""
    shares = []
    for block, shown in places:
        told = probe.of(network, metric, block=block, shown=shown)["value"].to_list()
        shares.append(told[0] if told and told[0] is not None else np.nan)
    grey = [share > UNLIKE for share in shares]
    return replace(
        one,
        values=np.where(grey, np.nan, one.values) if grey else one.values,
        columns=tuple(
            name if np.isnan(share) else f"{name}\n{share:.0%}" for name, share in zip(one.columns, shares, strict=True)
        ),
        dots=tuple(dot for dot in one.dots if not grey[dot[1]]),
    )


def _outside(probe: Probe, network: Looked) -> str:
    """A sentence on axes that lie far outside the inputs."""
    told = probe.of(network, "axes_outside")["value"].drop_nulls().to_list()
    if not told or told[0] < FAR:
        return ""
    return (
        f" At the length of an input the axes lie {told[0]:.1f} times as far out as inputs do, by the spread these "
        "have in each direction: what is answered there was never asked in training."
    )


def _steps(probe: Probe, network: Looked) -> list[Drawn]:
    """Distances after numbers of steps, a grid for each iterative method."""
    end = probe.end(network)
    rows, near = probe.of(network, "steps_distance", shown=end), nearness(probe.zero_error)
    names = rows["about"].str.extract("^(.*): ", 1).drop_nulls().unique(maintain_order=True).to_list()
    nothing = probe.of(network, "distance", shown=end, about="nothing")
    sizes = dict(nothing.select("block", "value").iter_rows())
    maps = [_stepped(rows.filter(pl.col("about").str.starts_with(f"{name}: ")), name, near, sizes) for name in names]
    if not maps:
        return []
    told = (
        f"The same after {end} examples, step by step: does depth count iterations? Where it does, the dots "
        "descend from one block to the next. GD++ damps the large directions of the inputs once (Grazzi et al.) "
        "or after every step (von Oswald et al.), with the strength that is nearest for as many steps. Newton's steps "
        "are updates of its first guess at the inverse (Fu et al.), which is what it has after 0 of them. A dot marks "
        f"the nearest number of steps; none where it leaves more than {UNLIKE:.0%} of the answers unexplained."
    )
    picture = heat_maps(maps, down="", across="block", unit=UNIT)
    return [Drawn("steps", "Steps over depth", told, picture)]


def _stepped(rows: pl.DataFrame, name: str, shade: Shade, sizes: Mapping[int, float | None]) -> HeatMap:
    """The grid of one method, with a dot at the nearest number of steps of each block that has a near one.

    Args:
        rows: `steps_distance`.
        name: Of the method.
        shade: Of a distance.
        sizes: Block -> distance of its answers to nothing.
    """
    one = grid_of(name, rows, "block", shade)
    counts = [name.rpartition(": ")[2] for name in one.rows]
    dots = []
    for column, block in enumerate(one.columns):
        known = rows.filter((pl.col("block") == int(block)) & pl.col("value").is_not_null()).sort(
            "value", maintain_order=True
        )
        if len(known) and known["value"][0] <= UNLIKE * (sizes.get(int(block)) or 0.0):
            dots.append((one.rows.index(known["about"][0]), column))
    words = tuple(f"{count} step{'s' if count != '1' else ''}" for count in counts)
    return replace(one, rows=words, dots=tuple(dots))


def nearness(zero: float) -> Shade:
    """Powers of ten by which a distance is below the zero predictor's error, from 0 to 6."""

    def shade(distance: float) -> float:
        return max(0.0, min(6.0, float(np.log10(zero / max(distance, 1e-12 * zero)))))

    return shade


def grid_of(title: str, rows: pl.DataFrame, by: str, shade: Shade, across: str = "") -> HeatMap:
    """Methods from top to bottom, blocks or numbers of examples from left to right."""
    names = rows["about"].unique(maintain_order=True).to_list()
    columns = sorted(rows[by].unique().to_list())
    values = np.full((len(names), len(columns)), np.nan)
    for about, place, value in rows.select("about", by, "value").iter_rows():
        values[names.index(about), columns.index(place)] = np.nan if value is None else shade(value)
    return HeatMap(title, values, tuple(names), tuple(map(str, columns)), across)
