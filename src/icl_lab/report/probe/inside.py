"""From rows about the inside of a network to their pictures; each takes the rows of one predictor on one task."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl
from jaxtyping import Float

from icl_lab.report.drawing.axes import Picture
from icl_lab.report.drawing.style import LIGHT, Theme
from icl_lab.report.probe.bars import Bar, error_dots
from icl_lab.report.probe.grids import HeatMap, heat_maps

MOST = 16
"""Parts in a picture of ablations, beside everything and whole blocks: those without which the error is largest."""
LATER = 8
"""Answers of a picture of hidden attention that its colours are not made for; they have the darkest where they are
beyond."""
CHANCE = 0.1
"""How often chance may make any cell of a picture have a colour."""


def hidden_attention_picture(
    records: pl.DataFrame, *, titles: Mapping[int, str] | None = None, theme: Theme = LIGHT
) -> Picture | None:
    """A grid for each block that mixes tokens, and one for the whole network; none where there are no such rows.

    Args:
        records: Rows `hidden_attention`, `hidden_attention_signed` and `answer_influence`.
        titles: What blocks are called; their numbers by default.
        theme: Colours.
    """
    rows = records.filter(pl.col("metric") == "hidden_attention")
    blocks = rows["block"].unique(maintain_order=True).to_list()
    names = titles or {}
    signed = records.filter(pl.col("metric") == "hidden_attention_signed")
    with_signs = set(signed["block"].to_list())
    maps = [
        _grid(
            (signed if block in with_signs else rows).filter(pl.col("block") == block),
            names.get(block, f"block {block}"),
        )
        for block in blocks
    ]
    whole = records.filter(pl.col("metric") == "answer_influence")
    maps += [_grid(whole, "whole network, by gradients")] if len(whole) else []
    if not maps:
        return None
    # The first rows share 1 between one or two examples: beside them all others would be as good as white.
    later = [np.abs(one.values[LATER:][np.isfinite(one.values[LATER:])]).max(initial=0.0) for one in maps]
    return heat_maps(
        maps,
        down="answer after so many examples",
        across="example",
        unit="share",
        theme=theme,
        highest=float(max(later)) or None,
        signed=True,
    )


def patching_picture(records: pl.DataFrame, *, theme: Theme = LIGHT) -> Picture | None:
    """Activations down, examples across, the rise of the error as a colour; none where chance may have made it."""
    rows = records.filter(pl.col("metric") == "patched_late_rise_over_zero")
    if not len(rows):
        return None
    names = tuple(rows["about"].unique(maintain_order=True))
    examples = rows["shown"].unique().sort().to_list()

    def filled(rows: pl.DataFrame) -> Float[np.ndarray, "names examples"]:
        found = np.full((len(names), len(examples)), np.nan)
        for name, example, value in rows.select("about", "shown", "value").iter_rows():
            found[names.index(name), examples.index(example)] = np.nan if value is None else value
        return found

    values, chance = filled(rows), rows_of_chance(records)
    if len(chance):
        values = np.where(filled(chance) <= CHANCE, values, np.nan)
    grid = HeatMap("", values, names, tuple(map(str, examples)))
    return heat_maps([grid], down="", across="example", unit="rise of error / zero error", theme=theme, signed=True)


def rows_of_chance(records: pl.DataFrame) -> pl.DataFrame:
    """How often chance makes any cell of a picture of patching stand out as much; none where that is not known."""
    return records.filter(pl.col("metric") == "patched_late_rise_chance")


def ablation_picture(records: pl.DataFrame, *, how: str = "mean", theme: Theme = LIGHT) -> Picture | None:
    """The error without each part, beside the intact network's and the zero predictor's."""
    rows = records.filter(pl.col("metric") == f"ablated_error_over_zero_by_{how}")
    if not len(rows):
        return None
    whole = whole_parts(rows)["about"].to_list()
    parts = rows.filter(~pl.col("about").is_in(whole))
    kept = parts.sort("value", descending=True, nulls_last=True)["about"].head(MOST).to_list()
    shown = rows.filter(pl.col("about").is_in(whole + kept))
    intact = records.filter(pl.col("metric") == "late_error_over_zero")["value"].drop_nulls()
    lines = [("intact", float(intact[0]))] if len(intact) else []
    across = f"error / zero error, with the part replaced ({how})"
    return error_dots(_bars(shown), across=across, lines=[*lines, ("zero predictor", 1.0)], theme=theme)


def whole_parts(rows: pl.DataFrame) -> pl.DataFrame:
    """Of rows on ablations those that are about everything or whole blocks."""
    return rows.filter(pl.col("about").str.starts_with("block ") | (pl.col("about") == "everything"))


def task_vector_picture(records: pl.DataFrame, *, carrier: str = "state", theme: Theme = LIGHT) -> Picture | None:
    """The error of a question without examples, into which one block's state or residual stream was put."""
    rows = records.filter(pl.col("metric") == f"{carrier}_vector_late_error_over_zero")
    another = records.filter(pl.col("metric") == f"{carrier}_vector_of_another_late_error_over_zero")
    levels = ("no examples", "all examples")
    alone = rows.filter(~rows["about"].is_in(levels))
    if not len(alone):
        return None
    lines = [
        (about, value)
        for about, value in rows.select("about", "value").iter_rows()
        if about in levels and value is not None
    ]
    across = f"error / zero error, with this {carrier} alone from the examples"
    beside = {one.words: replace(one, words=f"{one.words}, another's") for one in _bars(another)}
    bars = [bar for one in _bars(alone) for bar in (one, beside.get(one.words)) if bar is not None]
    return error_dots(bars, across=across, lines=lines, theme=theme)


def task_vector_gains_picture(records: pl.DataFrame, *, carrier: str = "state", theme: Theme = LIGHT) -> Picture | None:
    """How much larger the error is with another function's vector, question by question."""
    rows = records.filter(pl.col("metric") == f"{carrier}_vector_gain_over_zero")
    if not len(rows):
        return None
    across = f"rise of error / zero error, with another function's {carrier} in its place"
    return error_dots(_bars(rows), across=across, lines=[("0", 0.0)], theme=theme)


def _grid(rows: pl.DataFrame, title: str) -> HeatMap:
    """Answers down, examples across; what comes after an answer is left empty."""
    examples = rows["about"].unique(maintain_order=True).to_list()
    # Derivatives are not taken of every answer: the others are left empty.
    answers = range(max(rows["shown"].to_list()) + 1)
    values = np.full((len(answers), len(examples)), np.nan)
    for shown, about, value in rows.select("shown", "about", "value").iter_rows():
        values[answers.index(shown), examples.index(about)] = np.nan if value is None else value
    return HeatMap(title, values)


def _bars(rows: pl.DataFrame) -> list[Bar]:
    numbers = rows.select("about", "value", "low", "high").fill_null(float("nan"))
    return [Bar(about, value, low, high) for about, value, low, high in numbers.iter_rows()]
