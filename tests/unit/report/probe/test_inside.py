"""From rows to pictures of the inside of a network."""

import numpy as np
import polars as pl
import pytest

from icl_lab.core.records import SCHEMA, Record
from icl_lab.report.probe.inside import (
    MOST,
    ablation_picture,
    hidden_attention_picture,
    patching_picture,
    task_vector_gains_picture,
    task_vector_picture,
)


def frame(*rows: Record) -> pl.DataFrame:
    return pl.DataFrame([vars(row) for row in rows], schema=SCHEMA)


def row(metric: str, value: float, **more: object) -> Record:
    return Record(run="r", predictor="mamba", task="t", metric=metric, value=value, **more)


def words(axes: object) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def test_without_rows_there_is_no_picture() -> None:
    nothing = frame()
    for draw in (hidden_attention_picture, patching_picture, ablation_picture, task_vector_picture):
        assert draw(nothing) is None


def test_hidden_attention_is_a_grid_a_block() -> None:
    rows = [
        row("hidden_attention", 10 * block + 2 * shown + k, block=block, shown=shown, about=f"example {k}")
        for block in (0, 2)
        for shown in range(2)
        for k in range(shown + 1)
    ]
    whole = [row("answer_influence", 0.5, shown=0, about="example 0")]
    first, second, last, _ = hidden_attention_picture(frame(*rows, *whole), titles={2: "block 2, attention"}).axes
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["block 0", "block 2, attention"]
    expected = np.array([[20.0, np.nan], [22.0, 23.0]])
    assert np.array_equal(second.collections[0].get_array().filled(np.nan), expected, equal_nan=True)
    assert last.collections[0].get_array().shape == (1, 1)


def test_weights_below_nothing_have_their_signs_and_first_answers_do_not_set_the_scale() -> None:
    sizes = [row("hidden_attention", 1.0, block=0, shown=0, about="example 0")]
    sizes += [row("hidden_attention", 0.2, block=0, shown=9, about="example 0")]
    signed = [
        row("hidden_attention_signed", value, block=0, shown=k, about="example 0") for k, value in ((0, 1), (9, -0.1))
    ]
    plain, _ = hidden_attention_picture(frame(*sizes)).axes
    assert plain.collections[0].get_clim() == (0.0, 0.2)
    axes, _ = hidden_attention_picture(frame(*sizes, *signed)).axes
    assert axes.collections[0].get_array()[9, 0] == -0.1
    assert axes.collections[0].get_clim() == (-0.1, 0.1)


def test_patching_has_a_row_an_activation() -> None:
    rows = [
        row("patched_late_rise_over_zero", 3.0 * i + k, shown=k, about=name)
        for i, name in enumerate(("embedding", "block.0.residual"))
        for k in range(3)
    ]
    axes, _ = patching_picture(frame(*rows)).axes
    assert words(axes) == ["embedding", "block.0.residual"]
    assert axes.collections[0].get_array().tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


def test_a_rise_that_chance_may_have_made_has_no_colour_and_a_fall_has_another_hue() -> None:
    rises = [row("patched_late_rise_over_zero", value, shown=k, about="a") for k, value in enumerate((0.4, 0.2, -0.1))]
    chance = [row("patched_late_rise_chance", value, shown=k, about="a") for k, value in enumerate((0.1, 0.11, 0.0))]
    axes, bar = patching_picture(frame(*rises, *chance)).axes
    drawn = axes.collections[0]
    assert np.array_equal(drawn.get_array().filled(np.nan), [[0.4, np.nan, -0.1]], equal_nan=True)
    red, _, blue = drawn.to_rgba(-0.1)[:3]
    assert red > blue
    red, _, blue = drawn.to_rgba(0.1)[:3]
    assert red < blue
    # As much colour above as below, but no scale where there are no numbers.
    assert drawn.get_clim() == (-0.4, 0.4)
    assert bar.get_ylim() == pytest.approx((-0.1, 0.4))
    assert patching_picture(frame(*rises, *chance[1:2])) is not None


def test_where_nothing_is_known_of_chance_every_cell_has_its_colour() -> None:
    rises = [row("patched_late_rise_over_zero", 0.2, shown=k, about="a") for k in range(2)]
    axes, _ = patching_picture(frame(*rises)).axes
    assert axes.collections[0].get_array().tolist() == [[0.2, 0.2]]


def test_of_many_ablated_parts_the_worst_are_shown_and_every_block() -> None:
    metric = "ablated_error_over_zero_by_mean"
    rows = [
        row("late_error_over_zero", 0.1),
        row(metric, 1.0, about="everything"),
        row(metric, 0.0, block=0, about="block 0 mamba"),
        *(row(metric, 0.01 * i, block=0, about=f"channel {i} of block 0") for i in range(MOST + 4)),
    ]
    (axes,) = ablation_picture(frame(*rows)).axes
    assert words(axes) == ["everything", "block 0 mamba", *(f"channel {i} of block 0" for i in range(4, MOST + 4))]
    assert {text.get_text() for text in axes.texts} == {"intact", "zero predictor"}
    assert ablation_picture(frame(*rows), how="zero") is None


def test_task_vectors_stand_between_no_and_all_examples_and_beside_anothers() -> None:
    metric = "state_vector_late_error_over_zero"
    rows = [row(metric, 0.5, block=0, about="block.0.state", low=0.4, high=0.6)]
    rows += [row(metric, 1.0, about="no examples"), row(metric, 0.1, about="all examples")]
    rows += [row("state_vector_of_another_late_error_over_zero", 1.1, block=0, about="block.0.state")]
    rows += [row(metric, 0.5, block=i, about=f"block.{i}.state") for i in (2, 10)]
    (axes,) = task_vector_picture(frame(*rows)).axes
    assert words(axes) == ["block.0.state", "block.0.state, another's", "block.2.state", "block.10.state"]
    assert {text.get_text() for text in axes.texts} == {"no examples", "all examples"}
    assert task_vector_picture(frame(*rows), carrier="residual") is None


def test_gains_of_task_vectors_may_be_below_nothing() -> None:
    rows = [row("state_vector_gain_over_zero", -0.1, block=0, about="block.0.state", low=-0.3, high=0.1)]
    (axes,) = task_vector_gains_picture(frame(*rows)).axes
    assert axes.get_xlim()[0] < -0.3
    assert task_vector_gains_picture(frame()) is None
