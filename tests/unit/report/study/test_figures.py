"""Figures over the parts of a study, from rows made by hand."""

import json
import math
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from matplotlib.figure import Figure

from icl_lab.core.errors import DamagedFile
from icl_lab.core.records import SCHEMA
from icl_lab.report.comparison.data import Comparison, Entry
from icl_lab.report.comparison.folder import RECORDS, write_comparison
from icl_lab.report.study.figures.base import StudyFigure
from icl_lab.report.study.figures.drawing import KINDS, draw_study_figures, study_figure
from icl_lab.report.study.figures.error_against_cost import ErrorAgainstCost
from icl_lab.report.study.figures.error_against_training import ErrorAgainstTraining
from icl_lab.report.study.figures.error_over_parts import ErrorOverParts
from icl_lab.report.study.figures.time_to_half import TimeToHalf
from icl_lab.report.study.panels import _large_numbers
from icl_lab.report.study.points import relative_error, times_to_half
from tests.unit.studies.found_rows import part, sharp

RECALL = ErrorAgainstCost(name="recall", title="Recall", part="recall")
POOLS = ErrorOverParts(
    name="pools",
    title="Pools",
    parts={"pool_4": 4, "pool_32": 32},
    axis="functions in the pool",
    panels={"": "Old", "new": "New"},
    references=("ridge",),
)
TIMES = TimeToHalf(name="times", title="Times", parts={"linear_5": "d = 5", "linear_9": "d = 9"})
BUDGETS = ErrorAgainstTraining(name="budgets", title="Budgets", parts={"linear_5": "half", "linear_9": "whole"})
ALL = (RECALL, POOLS, TIMES, BUDGETS)


def with_rows(found: Comparison, *rows: dict[str, object], **kinds: str) -> Comparison:
    """The same with further rows, and with some predictors of another kind."""
    shared = dict.fromkeys(SCHEMA) | {"run": "r", "task": "t", "seed": 0, "shift": "", "about": ""}
    entries = tuple(
        Entry(label=one.label, kind=kinds.get(one.label, "model"), training={"batch": 10})  # type: ignore[arg-type]
        for one in found.predictors
    )
    more = pl.DataFrame([shared | row for row in rows], schema=SCHEMA)
    return replace(found, predictors=entries, records=pl.concat([found.records, more]))


def recall() -> Comparison:
    found = part({"mamba": [[(0.9, 0.8, 1.0), (0.5, 0.4, 0.6)], sharp(0.7, 0.3)], "gru": [sharp(2.0, 2.0)]}, zero=2.0)
    sizes = [{"predictor": "mamba", "metric": "state_size", "value": 4096.0}]
    return with_rows(found, *sizes)


def pool(level: float) -> Comparison:
    mmse = f"mmse(level={level})"
    curves = {label: [sharp(error, error)] for label, error in (("mamba", level), ("ridge", 0.4), (mmse, 0.1))}
    old, new = part(curves), part(curves, shift="new")
    both = replace(old, records=pl.concat([old.records, new.records]))
    return with_rows(both, **{"ridge": "baseline", mmse: "oracle"})


def linear(*held_out: float) -> Comparison:
    """Held-out errors after 100, 200, ... steps of half a second, 10 prompts of 7 FLOPs each."""
    found = part({"mamba": [sharp(1.0)]}, held_out={"mamba": [held_out]})
    seconds = [
        {"predictor": "mamba", "metric": "seconds", "value": 50.0 * (1 + i), "step": 100 * (1 + i)}
        for i in range(len(held_out))
    ]
    return with_rows(found, *seconds, {"predictor": "mamba", "metric": "flops_per_prompt", "value": 7.0})


def write(folder: Path, found: Comparison) -> None:
    write_comparison(folder, found)
    (folder / RECORDS).write_text("".join(json.dumps(row) + "\n" for row in found.records.iter_rows(named=True)))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    parts = {
        "recall": recall(),
        "pool_4": pool(0.8),
        "pool_32": pool(0.5),
        "linear_5": linear(0.9, 0.5, 0.2),
        "linear_9": linear(0.9, 0.8, 0.7, 0.65, 0.62, 0.6),
    }
    for name, found in parts.items():
        write(tmp_path / name, found)
    return tmp_path


def test_an_error_is_the_mean_over_points_and_trainings_in_units_of_the_zero_predictor() -> None:
    found = relative_error(recall(), "mamba")
    assert found is not None
    # Trainings 0.35 and 0.25; intervals (0.8 + 0.4) / 2 / 2 = 0.3 and 0.25, to (1.0 + 0.6) / 2 / 2 = 0.4 and 0.25.
    assert found.value == pytest.approx(0.3)
    assert found.trainings == pytest.approx((0.35, 0.25))
    assert (found.low, found.high) == pytest.approx((0.275, 0.325))


def test_points_before_the_first_do_not_count() -> None:
    found = relative_error(recall(), "mamba", first=1)
    assert found is not None
    assert found.value == pytest.approx(0.2)


def test_what_was_not_measured_has_no_error() -> None:
    assert relative_error(recall(), "gpt") is None
    assert relative_error(recall(), "mamba", shift="new") is None


def test_half_is_reached_where_the_error_first_is_at_most_half() -> None:
    (reached,) = times_to_half(linear(0.9, 0.5, 0.2), "mamba")
    # 200 steps of half a second, each three forward passes over 10 prompts of 7 FLOPs.
    assert (reached.steps, reached.seconds, reached.flops) == (200, 100, 200 * 3 * 10 * 7)


def test_a_training_that_never_gets_there_takes_for_ever() -> None:
    (reached,) = times_to_half(linear(0.9, 0.8), "mamba")
    assert (reached.steps, reached.seconds, reached.flops) == (math.inf, math.inf, math.inf)


def test_what_was_not_counted_is_not_a_number() -> None:
    found = part({"mamba": [sharp(1.0)]}, held_out={"mamba": [[0.1]]})
    (reached,) = times_to_half(found, "mamba")
    assert reached.steps == 100
    assert math.isnan(reached.seconds)
    assert math.isnan(reached.flops)
    drawn = TimeToHalf(name="t", title="T", parts={"p": "d"}).drawn({"p": found})
    assert drawn is not None
    assert [axes.get_xlabel() for axes in drawn.picture.axes] == ["optimiser steps"]


def test_figures_are_drawn_and_written(study: Path) -> None:
    drawn = draw_study_figures(study, ALL)
    assert [one.stem for one in drawn] == ["recall", "pools", "times", "budgets"]
    for one in drawn:
        svg = (study / "figures" / f"{one.stem}.svg").read_text()
        assert svg.startswith("<?xml")
        assert (study / "figures" / f"{one.stem}.png").read_bytes().startswith(b"\x89PNG")
        assert one.caption.endswith(".")


def words(figure: StudyFigure, study: Path) -> list[str]:
    (drawn,) = draw_study_figures(study, [figure])
    texts = [text.get_text() for axes in drawn.picture.axes for text in axes.texts]
    return texts + [tick.get_text() for axes in drawn.picture.axes for tick in axes.get_yticklabels()]


def test_a_model_without_a_known_cost_has_no_marker(study: Path) -> None:
    assert "mamba" in words(RECALL, study)
    assert "gru" not in words(RECALL, study)


def test_only_the_references_that_are_named_are_drawn(study: Path) -> None:
    said = words(POOLS, study)
    assert {"mamba", "ridge", "Old", "New"} <= set(said)
    assert not any("mmse" in word for word in said)


def test_a_reference_is_one_line_though_its_settings_differ_from_part_to_part(study: Path) -> None:
    figure = replace(POOLS, references=("ridge", "mmse"))
    assert "mmse (oracle)" in words(figure, study)
    (drawn,) = draw_study_figures(study, [figure])
    assert any(list(line.get_ydata()) == [0.1, 0.1] for line in drawn.picture.axes[0].lines)


def test_a_line_goes_over_the_parts_that_there_are(study: Path) -> None:
    (drawn,) = draw_study_figures(study, [POOLS])
    old, new = drawn.picture.axes
    for axes in (old, new):
        line = next(one for one in axes.lines if len(one.get_xdata()) == 2 and one.get_marker() == "o")
        assert list(line.get_xdata()) == [4, 32]
        assert list(line.get_ydata()) == pytest.approx([0.8, 0.5])


def test_what_never_happens_stands_hollow_at_the_edge(study: Path) -> None:
    (drawn,) = draw_study_figures(study, [TIMES])
    steps, seconds, flops = drawn.picture.axes
    for axes, reached in ((steps, 200), (seconds, 100), (flops, 42_000)):
        assert "not reached" in [text.get_text() for text in axes.texts]
        dots = [line for line in axes.lines if line.get_marker() == "o"]
        assert [float(dot.get_xdata()[0]) for dot in dots][0] == reached
        never = dots[1]
        assert never.get_markerfacecolor() == "#ffffff"
        assert never.get_xdata()[0] > axes.get_xlim()[1] / 2
    assert steps.get_xlabel() == "optimiser steps"


def test_an_error_at_the_end_is_that_of_the_last_point() -> None:
    found = relative_error(recall(), "mamba", first="last")
    assert found is not None
    assert found.trainings == pytest.approx((0.25, 0.15))  # 0.5 and 0.3 over 2


def test_the_budget_of_a_training_is_its_steps_times_three_passes_over_a_batch(study: Path) -> None:
    (drawn,) = draw_study_figures(study, [BUDGETS])
    (axes,) = drawn.picture.axes
    (line,) = (one for one in axes.lines if len(one.get_xdata()) == 2 and one.get_linewidth() == 1.4)
    assert list(line.get_xdata()) == [300 * 3 * 10 * 7, 600 * 3 * 10 * 7]
    assert list(line.get_ydata()) == pytest.approx([1.0, 1.0])
    assert {"half", "whole", "mamba"} <= {text.get_text() for text in axes.texts}


def test_parts_that_were_not_run_yet_are_left_out(tmp_path: Path) -> None:
    assert draw_study_figures(tmp_path, ALL) == ()
    write(tmp_path / "pool_4", pool(0.8))
    (drawn,) = draw_study_figures(tmp_path, ALL)
    assert drawn.stem == "pools"


def test_damaged_rows_are_not_taken_for_missing_ones(study: Path) -> None:
    (study / "recall" / RECORDS).write_text("nonsense\n")
    with pytest.raises(DamagedFile):
        draw_study_figures(study, ALL)


@pytest.mark.parametrize("figure", ALL, ids=lambda figure: figure.kind)
def test_a_figure_goes_through_json(figure: StudyFigure) -> None:
    assert study_figure(json.loads(json.dumps(figure.to_json()))) == figure


def test_there_is_an_example_of_every_kind_here() -> None:
    assert {figure.kind for figure in ALL} == set(KINDS)


@pytest.mark.parametrize("ends", [(2e15, 6e15), (1.1e15, 9e15), (3e14, 2e16), (1e12, 1e18)])
def test_an_axis_of_large_numbers_has_several_whatever_its_ends(ends: tuple[float, float]) -> None:
    axes = Figure().subplots()
    axes.set_xscale("log")
    axes.set_xlim(*ends)
    _large_numbers(axes)
    shown = [tick for tick in axes.get_xticks() if ends[0] <= tick <= ends[1]]
    assert 3 <= len(shown) <= 8
    assert all(axes.xaxis.get_major_formatter()(tick, 0) for tick in shown)


def test_the_files_are_the_same_each_time(study: Path) -> None:
    draw_study_figures(study, ALL)
    first = {path.name: path.read_bytes() for path in (study / "figures").iterdir()}
    draw_study_figures(study, ALL)
    assert {path.name: path.read_bytes() for path in (study / "figures").iterdir()} == first
