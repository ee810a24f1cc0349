"""Which figures a page has, with their headings and captions."""

import math
from collections.abc import Sequence

import polars as pl
from scipy.special import ndtri, stdtr

from icl_lab.core.prompts import EVALUATION_BATCH
from icl_lab.report.comparison.answer import refusals
from icl_lab.report.comparison.data import Comparison, Published
from icl_lab.report.comparison.figures import learning_figure, training_figure
from icl_lab.report.comparison.panels import shift_panels
from icl_lab.report.comparison.shift_table import UNSHIFTED
from icl_lab.report.drawing.drawn import Drawn
from icl_lab.report.drawing.style import looks
from icl_lab.report.labels import printable
from icl_lab.report.words import listed

STATE = (
    "Below, the size of the recurrent state before each query: the root mean square of its numbers, averaged over the"
    " blocks that have one. Attention keeps every token instead; its state grows by itself and is left out."
)


def draw_figures(comparison: Comparison) -> dict[str, Drawn]:
    """Every figure that there are rows for, in the order of the page; the learning curves as `"learning"`."""
    styles, records, measure = looks(comparison.kinds), comparison.records, comparison.measure
    published = comparison.published
    drawn: dict[str, Drawn] = {}
    if len(comparison.rows(f"{comparison.metric}_mean")):
        picture = learning_figure(records, measure, styles, published=published)
        caption = _joined(band_words(comparison), published_words(comparison, [""]))
        heading = "Errors at the one point that is asked" if _is_single(comparison, "") else "Learning curves"
        drawn["learning"] = Drawn("learning-curves", heading, caption, picture)
    if shifts := comparison.shifts():
        picture = shift_panels(records, measure, styles, shifts, published=published)
        refused = [f"{printable(shift)}: {words}" for shift in shifts if (words := refusals(comparison, shift))]
        level = measure.zero if measure.complement else "the zero predictor"
        same = (
            "The same predictors on changed prompts, not trained further;"
            f" each panel has its own axis, and a dashed line for {level}."
        )
        caption = _joined(same, *refused, *_draw_words(comparison, shifts), published_words(comparison, shifts))
        drawn["shifts"] = Drawn("shifts", "Changed prompts", caption, picture)
    for number, shift in enumerate(comparison.lengths(), start=1):
        picture = learning_figure(
            records, measure, styles, shift=shift, trained_length=comparison.length, published=published
        )
        state = STATE if len(comparison.rows("state_norm", shift)) and not _is_single(comparison, shift) else ""
        caption = _joined("The same models, not trained further.", refusals(comparison, shift), state)
        heading = f"Longer prompts: {shift.partition('=')[2]} examples"
        drawn[f"length {number}"] = Drawn(f"longer-{number}", heading, caption, picture)
    training = training_figure(records, styles)
    if training is not None:
        caption = "Loss on fresh training prompts, a line for each training."
        drawn["training"] = Drawn("training-curves", "Training curves", caption, training)
    return drawn


def _is_single(comparison: Comparison, shift: str) -> bool:
    """Whether one point of the prompt alone is asked, so that dots are drawn instead of curves."""
    return comparison.rows(f"{comparison.metric}_mean", shift)["shown"].n_unique() == 1


def band_words(comparison: Comparison) -> str:
    """What the means are over and what the bands are."""
    rows = comparison.rows(f"{comparison.metric}_mean")
    prompts = rows["num_prompts"].max()
    single = _is_single(comparison, "")
    bands = "the lines through the dots" if single else "bands"
    many = f"{prompts:,} " if isinstance(prompts, int) else ""
    said = f"Mean error on the same {many}held-out prompts; {bands} are 90% bootstrap intervals over prompts."
    if rows["low"].null_count() == len(rows) > 0:
        said = f"Mean error on the same {many}held-out prompts."
    if len(comparison.seeds) > 1:
        said += (
            " Dots are means over trainings, upright dashes single trainings."
            if single
            else " Thick lines are means over trainings, thin lines single trainings."
        )
    return _joined(said, *_draw_words(comparison, [""]))


def thinned_words(comparison: Comparison) -> str:
    """Which baselines were asked at some points of the curve only."""
    found = []
    for label in comparison.kinds:
        count = comparison.number("asked_points", label)
        if count is not None:
            found.append(f"{printable(label)} at {count:.0f}")
    if not found:
        return ""
    points = comparison.length
    of = f" of the {points} points" if points else " points"
    return (
        f"Asked at some prefixes only, since they are fitted anew at each: {listed(found)}{of} of a curve;"
        " scores use straight lines between them."
    )


def _draw_words(comparison: Comparison, shifts: Sequence[str]) -> list[str]:
    """Where prompts share a draw, how many independent ones there are."""
    rows = comparison.records.filter((pl.col("metric") == "independent_draws") & pl.col("shift").is_in(shifts))
    found: dict[float, list[str]] = {}
    for shift, draws, prompts in rows.select("shift", "value", "num_prompts").unique(maintain_order=True).iter_rows():
        if prompts is not None and draws != prompts:
            found.setdefault(draws, []).append(printable(shift))
    return [_share_words(draws, listed(names)) for draws, names in found.items()]


def _share_words(draws: float, where: str) -> str:
    begin = f"Under {where}, the" if where else "The"
    if draws == 1:
        return f"{begin} prompts share one draw, which is no sample: there are no intervals."
    return (
        f"{begin} prompts of a batch share a draw; there are {draws:.0f} independent ones, which are resampled whole."
    )


def few_draws_words(comparison: Comparison) -> str:
    """A warning where intervals are missing or too narrow, since there are few independent draws; empty elsewhere."""
    found: dict[int, list[str]] = {}
    missing: list[str] = []
    for shift in ("", *comparison.shifts(), *comparison.lengths()):
        draws = comparison.number("independent_draws", "zero", shift)
        if draws == 1:
            missing.append(printable(shift) or UNSHIFTED)
        elif draws is not None and draws <= FEW:
            found.setdefault(int(draws), []).append(printable(shift) or UNSHIFTED)
    parts = [
        f"{draws} independent draws ({', '.join(where)}), where they hold the truth {coverage(draws):.0%} of the time"
        " at best"
        for draws, where in found.items()
    ]
    return _joined(
        no_interval_words(missing),
        f"Some of the 90% intervals are too narrow: they rest on {listed(parts)}." if parts else "",
    )


def no_interval_words(prompts: Sequence[str]) -> str:
    """What to do where all prompts share one draw.

    Args:
        prompts: Which of a comparison, in words; empty names of shifts are left out.
    """
    if not prompts:
        return ""
    where = f" ({listed(list(prompts))})" if any(prompts) else ""
    return (
        f"There are no intervals where all prompts share one draw{where}: more than {EVALUATION_BATCH} prompts are"
        " needed, since those of a batch share theirs."
    )


def coverage(draws: int) -> float:
    """How often a 90% bootstrap interval of a mean of `draws` normal numbers holds the truth.

    The bootstrap takes the sample's own spread, smaller by sqrt((n - 1) / n) and uncertain; a right interval is
    Student's. Numbers with long tails are covered less often still.
    """
    reach = ndtri(0.95) * math.sqrt((draws - 1) / draws)
    return float(1 - 2 * stdtr(draws - 1, -reach))


FEW = 40
"""Independent draws up to which intervals are said to be too narrow; of so many normal numbers they cover 89 %."""


def published_words(comparison: Comparison, shifts: Sequence[str]) -> str:
    """Which published bands are drawn, and how their numbers became those of the picture."""
    curves = set(comparison.rows(f"{comparison.metric}_mean")["predictor"])
    drawn = [one for one in comparison.published if one.shift in shifts and one.predictor in curves]
    exact = listed(list(dict.fromkeys(one.source for one in drawn if one.exact)))
    return _joined(_paper_words([one for one in drawn if not one.exact]), exact and f"Dotted bands: {exact}.")


def _paper_words(drawn: Sequence[Published]) -> str:
    sources = [one.source for one in drawn]
    papers = dict.fromkeys(source.partition(", figure")[0] for source in sources)
    figures = dict.fromkeys(one.figure for one in drawn)
    if not papers:
        return ""
    word = "figures" if len(figures) > 1 else "figure"
    units = dict.fromkeys(source.rpartition("; ")[2] for source in sources)
    return f"Dotted bands: {listed(list(papers))}, {word} {listed(list(figures))} ({listed(list(units))})."


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)
