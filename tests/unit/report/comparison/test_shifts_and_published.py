"""Changed prompts, pairs of models and published numbers: tables, panels, captions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from icl_lab.core.records import SCHEMA, Record
from icl_lab.report.comparison.answer import agreement, answer, oracles, refusals
from icl_lab.report.comparison.data import Published
from icl_lab.report.comparison.drawn import coverage, draw_figures, few_draws_words, thinned_words
from icl_lab.report.comparison.figures import learning_figure
from icl_lab.report.comparison.folder import read_comparison
from icl_lab.report.comparison.page import write_page
from icl_lab.report.comparison.pair_table import pair_rows
from icl_lab.report.comparison.panels import shift_panels
from icl_lab.report.comparison.published_table import READ_OFF, Point, misses_words, published_rows, published_table
from icl_lab.report.comparison.shift_table import UNSHIFTED, shift_rows
from icl_lab.report.comparison.tables import score_rows
from icl_lab.report.drawing.style import looks
from icl_lab.report.estimate import Estimate
from icl_lab.report.words import Measure
from tests.unit.report.folders import (
    CURVE,
    METRIC,
    comparison,
    described,
    difference,
    entry,
    plain_row,
    published_points,
    rows,
    write,
)

SOURCE = "Somebody 2024 (arXiv 2402.03170), figure 8: one curve of 1,280 prompts; published as squared error / 20"


def shifted(*shifts: str) -> list[Record]:
    found = [plain_row("zero_error", 1.0), *rows("ridge", CURVE, score=1)]
    for place, shift in enumerate(shifts, start=2):
        found += [plain_row("zero_error", float(place), shift=shift)]
        found += rows("ridge", [place * value for value in CURVE], score=1, shift=shift)
    return found


def test_every_shift_has_a_row_for_each_milestone_and_the_prompts_of_training_come_first(tmp_path: Path) -> None:
    found = shift_rows(described(tmp_path, shifted("noisy", "length=8")))
    assert [(row.shift, row.shown) for row in found] == [
        (shift, shown) for shift in (UNSHIFTED, "noisy", "length=8") for shown in (2, 3)
    ]
    assert [row.zero for row in found[::2]] == [1, 2, 3]
    cell = found[3].cells["ridge"]
    assert cell is not None
    assert (cell.value, cell.low) == pytest.approx((0.2, 0.18))
    assert shift_rows(described(tmp_path, shifted())) == []


def test_a_task_that_counts_right_answers_has_accuracies_in_its_tables(tmp_path: Path) -> None:
    records = [replace(row, metric=f"accuracy{row.metric.removeprefix(METRIC)}", value=1 - (row.value or 0))
               for row in shifted("noisy") if row.metric == f"{METRIC}_mean"]  # fmt: skip
    found = described(tmp_path, [*shifted("noisy"), *records], complement="accuracy")
    first = shift_rows(found)[0]
    assert first.cells["ridge"] is not None
    assert first.cells["ridge"].value == pytest.approx(0.8)
    assert first.zero == 0
    assert answer(score_rows(found), found.measure) == "ridge: after 3 examples its accuracy is 0.900."
    picture = draw_figures(found)["learning"].picture
    axes = picture.axes[0]
    assert axes.get_ylabel() == "squared error / dimension (1 - accuracy)"
    assert "chance" in [text.get_text() for text in axes.texts]


def test_the_axis_is_named_as_the_task_says(tmp_path: Path) -> None:
    found = described(tmp_path, shifted("noisy"), axis="symbols read")
    assert draw_figures(found)["learning"].picture.axes[0].get_xlabel() == "symbols read"
    assert answer(score_rows(found), found.measure).startswith("ridge: at 3 symbols read its error")


@pytest.mark.parametrize("count", [1, 2, 4, 5, 10])
def test_up_to_ten_shifts_are_panels_of_one_picture_that_do_not_overlap(count: int) -> None:
    names = [f"shift {i}" for i in range(count)]
    frame = pl.DataFrame([vars(record) for record in shifted(*names)], schema=SCHEMA)
    picture = shift_panels(frame, Measure(METRIC), looks({"ridge": "baseline"}), names)
    boxes = [axes.get_position() for axes in picture.axes]
    assert len(boxes) == count
    apart = all(
        a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 or b.y1 <= a.y0
        for i, a in enumerate(boxes) for b in boxes[:i]
    )  # fmt: skip
    assert apart
    assert all(0 < box.x0 < box.x1 <= 1 and 0 < box.y0 < box.y1 < 1 for box in boxes)
    assert picture.get_size_inches()[1] < 13
    assert [axes.texts[-1].get_text() for axes in picture.axes] == names


def test_longer_prompts_have_a_figure_with_the_state_below_and_shifts_have_one_together(tmp_path: Path) -> None:
    norms = [
        replace(plain_row("state_norm", 0.5 + i, "mamba", "length=8"), shown=i, seed=seed)
        for seed, i in [(0, 0), (0, 1), (1, 0), (1, 1)]
    ]
    records = [*shifted("noisy", "tilted", "length=8"), *norms]
    drawn = draw_figures(described(tmp_path, records, models=("mamba",)))
    assert list(drawn) == ["learning", "shifts", "length 1"]
    assert len(drawn["shifts"].picture.axes) == 2
    upper, lower = drawn["length 1"].picture.axes
    assert lower.get_ylabel() == "size of the state"
    assert upper.get_xlim() == lower.get_xlim()
    (line,) = [line for line in lower.lines if len(line.get_xdata()) == 2 and line.get_ydata()[0] == 0.5]  # type: ignore[arg-type,index]
    assert list(line.get_ydata()) == [0.5, 1.5]  # type: ignore[arg-type]
    assert "root mean square" in drawn["length 1"].caption


def test_refusals_say_why_and_a_shift_that_nobody_reads_is_still_reported(tmp_path: Path) -> None:
    records = [*shifted("noisy"), plain_row("refused", 8.0, "ridge", "odd")]
    found = described(tmp_path, records, refused={"odd": {"ridge": "has 10 positions"}})
    assert refusals(found, "odd") == "Not drawn: ridge (has 10 positions), which cannot read these prompts."
    assert "odd: Not drawn: ridge" in draw_figures(found)["shifts"].caption
    write_page(tmp_path)


def test_pairs_are_told_apart_where_the_interval_excludes_nothing(tmp_path: Path) -> None:
    records = [
        *difference("a - b", -0.5, 0.1),
        *difference("a - c", 0.5, 0.1),
        *difference("b - c", 0.1, 0.2),
    ]
    found = pair_rows(described(tmp_path, records, models=("a", "b", "c")))
    assert [row.verdict for row in found] == ["a is better", "c is better", "cannot be told apart"]
    assert found[0].milestones == {3: Estimate(-0.5, -0.6, -0.4)}


def test_over_several_trainings_the_verdict_rests_on_the_trainings(tmp_path: Path) -> None:
    records = [*difference("a - b", -0.5, 0.1), *difference("a - b", -0.5, 0.9, metric="difference_over_seeds")]
    (row,) = pair_rows(described(tmp_path, records, models=("a", "b")))
    assert row.verdict == "cannot be told apart"


def test_a_published_number_is_met_where_the_intervals_meet() -> None:
    ours = Estimate(1.0, 0.9, 1.1)
    assert Point(0, ours, Estimate(1.15, 1.05, 1.25)).meets
    assert not Point(0, ours, Estimate(1.3, 1.2, 1.4)).meets
    assert not Point(0, ours, Estimate(0.7, 0.6, 0.8)).meets
    assert Point(0, Estimate(1e-15, 1e-15, 1e-15), Estimate(0.0, 0.0, 0.0)).meets
    assert not Point(0, Estimate(1.0, None, None), ours).meets
    assert READ_OFF < 1e-4


def test_without_an_interval_of_ours_nothing_is_judged(tmp_path: Path) -> None:
    published = (Published(predictor="ridge", shift="", figure="8", source=SOURCE),)
    blind = [replace(row, low=None, high=None) for row in shifted()]
    theirs = published_points("ridge", [2 * value for value in CURVE])
    records = [*blind, *theirs, plain_row("independent_draws", 1.0)]
    found = described(tmp_path, records, published=published)
    (row,) = published_rows(found)
    assert (row.met, row.judged, row.count) == (0, 0, "none")
    assert [point.verdict for point in row.points] == ["no interval"] * 4
    assert [point.chance_of_a_miss for point in row.points] == [None] * 4
    assert published_table([row], found.measure).columns[3].cells == ("no interval", "no interval")
    said = agreement([row], {})
    assert (
        said == "Beside published curves: baselines cannot be judged: 1 curve without intervals of ours is not counted."
    )
    assert "at 0 of" not in write_page(tmp_path).read_text()
    seen = replace(row, points=(Point(0, Estimate(1.0, 0.9, 1.1), Estimate(1.0, 0.9, 1.1)),))
    assert agreement([row, seen], {}) == (
        "Beside published curves: baselines meet 1 curve at 1 of 1 points"
        " (1 curve without intervals of ours is not judged)."
    )
    assert few_draws_words(found) == (
        "There are no intervals where all prompts share one draw (as in training): more than 64 prompts are needed,"
        " since those of a batch share theirs."
    )


def test_a_single_miss_does_not_shout() -> None:
    point = Point(0, Estimate(1.0, 0.9, 1.1), Estimate(1.3, 1.2, 1.4))
    assert point.verdict == "no"


def test_where_both_are_rounding_they_meet_and_nobody_is_ahead(tmp_path: Path) -> None:
    assert Point(0, Estimate(9e-7, None, None), Estimate(1e-12, 1e-13, 1e-11)).meets
    assert not Point(0, Estimate(2e-4, None, None), Estimate(1e-12, 1e-13, 1e-11)).meets
    (row,) = pair_rows(described(tmp_path, difference("a - b", -1e-9, 1e-10), models=("a", "b")))
    assert row.verdict == "cannot be told apart"


def test_how_many_points_miss_by_chance_follows_from_the_widths() -> None:
    def chance(ours: float, theirs: float) -> float:
        found = Point(0, Estimate(1, 1 - ours, 1 + ours), Estimate(1, 1 - theirs, 1 + theirs)).chance_of_a_miss
        assert found is not None
        return found

    # Two normal means: as often as simulated draws of both miss each other. 200,000 draws: 0.0005 is 1.6 of their
    # standard errors at the smallest of these probabilities and 0.0025 four at the largest.
    generator = np.random.default_rng(0)
    for ours in (1.0, 2.0, 4.5, 20.0):
        apart = np.abs(generator.normal(size=200_000) * ours - generator.normal(size=200_000))
        assert chance(1.645 * ours, 1.645) == pytest.approx((apart > 1.645 * (ours + 1)).mean(), abs=0.0025)
    assert chance(0.1, 0.1) == pytest.approx(0.02, abs=1e-4)
    assert chance(0.1, 0.0) == pytest.approx(0.1)


def test_the_page_says_how_many_points_miss_by_chance_with_the_prompts_used(tmp_path: Path) -> None:
    published = (Published(predictor="ridge", shift="", figure="8", source=SOURCE),)
    wide = [replace(row, low=0.5 * (row.value or 0), high=1.5 * (row.value or 0)) for row in shifted()]
    for records, one_in in ((shifted(), "50"), (wide, "19")):
        found = described(tmp_path, [*records, *published_points("ridge", CURVE)], published=published)
        assert f"at about one point in {one_in};" in misses_words(published_rows(found))
        assert f"at about one point in {one_in};" in write_page(tmp_path).read_text()


def test_the_page_warns_of_intervals_from_few_draws(tmp_path: Path) -> None:
    records = [*shifted("skewed"), plain_row("independent_draws", 20.0, shift="skewed")]
    records.append(plain_row("independent_draws", 1280.0))
    found = described(tmp_path, records)
    assert few_draws_words(found) == (
        "Some of the 90% intervals are too narrow: they rest on 20 independent draws (skewed), where they hold the"
        " truth 87% of the time at best."
    )
    assert few_draws_words(found) in write_page(tmp_path).read_text()
    assert few_draws_words(described(tmp_path, shifted())) == ""


@pytest.mark.parametrize("draws", [10, 20])
def test_the_coverage_is_that_of_a_bootstrap_of_normal_numbers(draws: int) -> None:
    generator = np.random.default_rng(0)
    sample = generator.normal(size=(2000, draws))
    again = np.stack([one[generator.integers(draws, size=(400, draws))].mean(axis=1) for one in sample])
    low, high = np.quantile(again, [0.05, 0.95], axis=1)
    # 2,000 trials have a standard error of 0.008; 400 resamples end a little too early.
    assert ((low <= 0) & (high >= 0)).mean() == pytest.approx(coverage(draws), abs=0.03)


def test_an_oracle_is_called_one_and_the_page_says_what_it_knows(tmp_path: Path) -> None:
    knowing = entry("bayes", "oracle", knows="which examples are clean")
    records = [*shifted(), *rows("bayes", [0.5, 0.1, 0.05, 0.01], score=1.1)]
    found = read_comparison(write(tmp_path, comparison(entry("ridge", "baseline"), knowing), records))
    said = "bayes is an oracle: it knows which examples are clean, so the others need not reach the dashed line."
    assert oracles(found) == said
    page = write_page(tmp_path).read_text()
    assert said in page
    assert "bayes <small>(oracle)</small>" in page
    assert "bayes (oracle)" in [text.get_text().strip(" \N{DOWNWARDS ARROW}")
                                for text in draw_figures(found)["learning"].picture.axes[0].texts]  # fmt: skip
    assert oracles(described(tmp_path, shifted())) == ""


def test_published_curves_are_compared_at_the_points_that_both_have(tmp_path: Path) -> None:
    published = (Published(predictor="ridge", shift="", figure="8", source=SOURCE),)
    theirs = published_points("ridge", [1.0, 0.5, 0.5, 0.1, 0.05])
    found = described(tmp_path, [*shifted(), *theirs], published=published)
    (row,) = published_rows(found)
    assert [point.shown for point in row.points] == [0, 1, 2, 3]
    assert [point.meets for point in row.points] == [True, True, False, True]
    assert [point.shown for point in row.milestones] == [2, 3]
    assert agreement([row], {}) == "Beside published curves: baselines meet 1 curve at 3 of 4 points."
    said = agreement([row, row], {"ridge": "model"})
    assert said.startswith("Beside published curves: models meet 2 curves at 6 of 8 points. Models are expected")
    drawn = draw_figures(found)["learning"]
    assert "Dotted bands: Somebody 2024 (arXiv 2402.03170), figure 8 (published as squared error / 20)" in drawn.caption
    page = write_page(tmp_path).read_text()
    assert ">Published numbers<" in page
    assert SOURCE in page


def test_a_published_band_of_another_shift_is_not_drawn() -> None:
    published = [Published(predictor="ridge", shift="noisy", figure="8", source=SOURCE)]
    frame = pl.DataFrame([vars(r) for r in [*shifted(), *published_points("ridge", CURVE)]], schema=SCHEMA)
    styles = looks({"ridge": "baseline"})
    without, with_other = (
        len(learning_figure(frame, Measure(METRIC), styles, published=some).axes[0].collections)
        for some in ([], published)
    )
    here = [replace(published[0], shift="")]
    assert without == with_other
    assert len(learning_figure(frame, Measure(METRIC), styles, published=here).axes[0].collections) == without + 1


def test_the_page_says_who_was_asked_how_often_and_how_many_draws_there_are(tmp_path: Path) -> None:
    records = [*shifted("noisy"), plain_row("asked_points", 3.0, "ridge"), plain_row("independent_draws", 20.0)]
    records.append(plain_row("independent_draws", 1.0, shift="noisy"))
    found = described(tmp_path, records)
    assert "ridge at 3 of the 4 points" in thinned_words(found)
    drawn = draw_figures(found)
    assert "there are 20 independent ones, which are resampled whole" in drawn["learning"].caption
    assert "there are no intervals" in drawn["shifts"].caption
    assert "noisy" not in drawn["learning"].caption
    page = write_page(tmp_path).read_text()
    assert "ridge at 3 of the 4 points" in page
    assert "Numbers on changed prompts" in page


def test_baselines_alone_are_drawn_in_colours_and_rounding_leaves_the_picture() -> None:
    assert looks({"a": "baseline", "b": "baseline"})["b"].variable == "--model-1"
    assert looks({"a": "baseline", "m": "model"})["a"].variable == "--baseline"
    records = [*rows("a", [1.0, 0.5, 1e-15], score=1), *rows("b", [1.0, 0.9, 0.01], score=1)]
    frame = pl.DataFrame([vars(r) for r in records], schema=SCHEMA)
    axes = learning_figure(frame, Measure(METRIC), looks({"a": "baseline", "b": "baseline"})).axes[0]
    assert 1e-3 < axes.get_ylim()[0] < 0.01
