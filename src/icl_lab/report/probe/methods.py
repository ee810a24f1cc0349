"""Which method a network is like, block by block and step by step, as colours."""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from icl_lab.report.drawing.axes import Picture
from icl_lab.report.drawing.drawn import Drawn
from icl_lab.report.drawing.style import LIGHT, Theme
from icl_lab.report.probe.data import Looked, Probe
from icl_lab.report.probe.grids import HeatMap, heat_maps

UNIT = "decades"
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
            "nearest on half of the functions; the numbers are those of the other half. A dot marks the nearest of "
            "each column.",
        ),
        _both_ways(
            probe, network, "errors-alike", "Does it err as the method does?", "similarity", float, "cosine",
            "Cosine between the errors of the network and those of the method at the same queries: 1 where both are "
            "wrong in the same way, 0 (and below) where their errors have nothing in common. Empty where a method has "
            "no errors but rounding. The settings are those of the figure above; a dot marks the most alike.",
        ),
        _both_ways(
            probe, network, "weights-alike", "Does it hold the method's weights?", "weight_distance", near, UNIT,
            "The weights that the answers along the axes of x imply, beside those of the method: powers of ten by "
            "which their squared distance is below the zero predictor's error, as it would be for inputs of variance "
            "1. Methods without weights are missing. A dot marks the nearest.",
        ),
    ]  # fmt: skip
    return [one for one in found if one is not None] + _steps(probe, network)


def _both_ways(
    probe: Probe, network: Looked, stem: str, heading: str, metric: str, shade: Shade, unit: str, told: str
) -> Drawn | None:
    """A grid over blocks after one number of examples beside one over examples for the last block."""
    last, rows = len(network.blocks) - 1, probe.of(network, metric)
    if not len(rows):
        return None
    end = probe.end(network)
    maps = [
        grid_of(f"after {end} examples", rows.filter(pl.col("shown") == end), "block", shade, "block"),
        grid_of("last block", rows.filter(pl.col("block") == last), "shown", shade, "examples"),
    ]
    maps = [one for one in maps if one.values.size]
    picture = heat_maps(maps, down="", across="", unit=unit, highest=1.0 if unit != UNIT else None)
    return Drawn(stem, heading, told, dotted(picture, maps))


def _steps(probe: Probe, network: Looked) -> list[Drawn]:
    """Distances after numbers of steps, a grid for each iterative method."""
    end = probe.end(network)
    rows, near = probe.of(network, "steps_distance", shown=end), nearness(probe.zero_error)
    names = rows["about"].str.extract("^(.*): ", 1).drop_nulls().unique(maintain_order=True).to_list()
    maps = [
        _counted(grid_of(name, rows.filter(pl.col("about").str.starts_with(f"{name}: ")), "block", near))
        for name in names
    ]
    if not maps:
        return []
    told = (
        f"The same after {end} examples, step by step: does depth count iterations? Where it does, the dots "
        "descend from one block to the next. GD++ damps the large directions of the inputs once (Grazzi et al.) "
        "or after every step (von Oswald et al.), with the strength that is nearest for as many steps. Newton's steps "
        "are updates of its first guess at the inverse (Fu et al.), which is what it has after 0 of them."
    )
    picture = heat_maps(maps, down="", across="block", unit=UNIT)
    return [Drawn("steps", "Steps over depth", told, dotted(picture, maps))]


def dotted(picture: Picture, maps: Sequence[HeatMap], theme: Theme = LIGHT, *, by_row: bool = False) -> Picture:
    """Mark the highest cell of every column, or of every row."""
    for axes, one in zip(picture.axes, maps, strict=False):
        values = np.nan_to_num(one.values if not by_row else one.values.T, nan=-np.inf)
        known = [place for place in range(values.shape[1]) if values[:, place].max() > 0]
        best = [int(values[:, place].argmax()) for place in known]
        across, down = (best, known) if by_row else (known, best)
        axes.plot(across, down, "o", color=theme.models[4], markersize=3.2, linestyle="none", clip_on=False)
    return picture


def _counted(one: HeatMap) -> HeatMap:
    counts = [name.rpartition(": ")[2] for name in one.rows]
    rows = tuple(f"{count} step{'s' if count != '1' else ''}" for count in counts)
    return HeatMap(one.title, one.values, rows, one.columns)


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
