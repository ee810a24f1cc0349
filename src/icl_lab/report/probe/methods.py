"""Which method a network is like, block by block and step by step, as colours."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from icl_lab.report.axes import Picture
from icl_lab.report.drawn import Drawn
from icl_lab.report.probe.data import Looked, Probe
from icl_lab.report.probe.grids import HeatMap, heat_maps
from icl_lab.report.style import LIGHT, Theme

UNIT = "decades"


def method_figures(probe: Probe, network: Looked, points: list[int]) -> list[Drawn]:
    """Grids of distances to methods, by block, by examples and by steps; none where no method was compared."""
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
