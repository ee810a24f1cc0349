from dataclasses import replace

import matplotlib
import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes

from icl_lab.core.records import SCHEMA, Record
from icl_lab.report.comparison.figures import learning_figure, training_figure
from icl_lab.report.drawing.pictures import inline_svg, picture_bytes
from icl_lab.report.drawing.placement import spread
from icl_lab.report.drawing.style import DARK, LIGHT, NUM_SHADES, looks
from icl_lab.report.words import Measure
from tests.unit.report.folders import METRIC, rows, training


def frame(records: list[Record]) -> pl.DataFrame:
    return pl.DataFrame([vars(record) for record in records], schema=SCHEMA)


def labels(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


MEASURE = Measure(METRIC)
MODELS = [*rows("mamba", [1.0, 0.2, 0.02, 0.01], score=1), *rows("ridge", [1.0, 0.1, 1e-15, 1e-15], score=1)]
STYLES = looks({"mamba": "model", "ridge": "baseline"})


def test_a_predictor_looks_the_same_whatever_is_drawn_beside_it() -> None:
    alone = looks({"mamba": "model", "s4": "model"})
    beside = looks({"ridge": "baseline", "mamba": "model", "bayes": "oracle", "s4": "model", "lasso": "baseline"})
    assert all(beside[label] == look for label, look in alone.items())


def test_predictors_can_be_told_apart_without_colour() -> None:
    kinds = {f"model {i}": "model" for i in range(12)} | {f"baseline {i}": "baseline" for i in range(5)}
    found = looks(kinds | {"bayes": "oracle"}).values()
    assert len({(look.marker, look.dash) for look in found}) == 18


def test_every_colour_of_the_light_theme_has_one_meaning() -> None:
    # Colours are turned into CSS variables by their value: two of one value must be one colour on dark paper, too.
    light, dark = LIGHT.variables(), DARK.variables()
    assert light.keys() == dark.keys()
    assert len(set(light.values())) == len({(light[name], dark[name]) for name in light})
    shared = {name for name in light if list(light.values()).count(light[name]) > 1}
    ends = {f"--{name}-{end}" for name in ("shade", "below") for end in (0, NUM_SHADES - 1)}
    assert shared == {"--paper", "--ink", *ends}


def test_errors_over_decades_are_drawn_on_a_logarithmic_axis_that_the_models_decide() -> None:
    axes = learning_figure(frame(MODELS), MEASURE, STYLES).axes[0]
    assert axes.get_yscale() == "log"
    assert 1e-3 < axes.get_ylim()[0] < 0.01
    assert "ridge \N{DOWNWARDS ARROW}" in labels(axes)


def test_a_baseline_far_above_the_models_leaves_through_the_top() -> None:
    """Least squares has no bound where it has as many examples as unknowns."""
    for errors, at_the_end in (([1.0, 2e4, 1.1, 0.1], False), ([1.0, 1.1, 0.1, 2e4], True)):
        found = [*rows("mamba", [1.0, 0.2, 0.02, 0.01], score=1), *rows("ridge", errors, score=1)]
        axes = learning_figure(frame(found), MEASURE, STYLES).axes[0]
        assert 10 < axes.get_ylim()[1] < 100
        assert ("ridge \N{UPWARDS ARROW}" in labels(axes)) == at_the_end
    models = [*rows("mamba", [1.0, 2e4, 0.02, 0.01], score=1), *rows("ridge", [1.0, 0.3, 0.1, 0.1], score=1)]
    assert learning_figure(frame(models), MEASURE, STYLES).axes[0].get_ylim()[1] > 2e4


def test_errors_within_a_decade_are_drawn_from_zero() -> None:
    axes = learning_figure(frame(rows("mamba", [1.0, 0.5, 0.3], score=1)), MEASURE, STYLES).axes[0]
    assert axes.get_yscale() == "linear"
    assert axes.get_ylim()[0] == 0


def test_shares_of_wrong_answers_are_drawn_from_zero_since_none_wrong_has_no_logarithm() -> None:
    found = rows("mamba", [0.5, 0.1, 0.001, 0.0], score=1)
    axes = learning_figure(frame(found), replace(MEASURE, complement="accuracy"), STYLES).axes[0]
    assert axes.get_yscale() == "linear"
    assert axes.get_ylim()[0] == 0


def test_the_curve_is_the_mean_and_the_axes_are_in_words() -> None:
    axes = learning_figure(frame(MODELS), MEASURE, STYLES).axes[0]
    drawn = next(line for line in axes.lines if len(line.get_xdata()) == 4 and line.get_color() == LIGHT.models[0])
    np.testing.assert_allclose(np.asarray(drawn.get_ydata(), dtype=float), [1.0, 0.2, 0.02, 0.01])
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("examples in the prompt", "squared error / dimension")


def test_hairlines_say_what_they_are() -> None:
    zero = Record(run="z", predictor="zero", task="t", metric="zero_error", value=1.0)
    figure = learning_figure(frame([zero, *MODELS]), MEASURE, STYLES, trained_length=3)
    assert {"zero predictor", "longest prompt in training"} <= set(labels(figure.axes[0]))
    plain = learning_figure(frame([zero, *MODELS]), MEASURE, STYLES, trained_length=4)
    assert "longest prompt in training" not in labels(plain.axes[0])


def test_labels_do_not_overlap() -> None:
    names = [f"model number {i}" for i in range(12)]
    records = [record for name in names for record in rows(name, [1.0, 0.5, 0.1, 0.0999], score=1)]
    figure = learning_figure(frame(records), MEASURE, looks(dict.fromkeys(names, "model")))
    boxes = [text.get_window_extent() for text in figure.axes[0].texts if text.get_text() in names]
    assert len(boxes) == 12
    boxes.sort(key=lambda box: box.y0)
    assert all(
        lower.y1 <= upper.y0 + 1 for lower, upper in zip(boxes, boxes[1:], strict=False)
    )  # one pixel of rounding
    assert all(box.x0 >= 0 and box.x1 <= figure.bbox.x1 for box in boxes)


def test_training_curves_are_against_steps_and_seconds() -> None:
    figure = training_figure(frame(training("mamba")), STYLES)
    assert figure is not None
    assert [axes.get_xlabel() for axes in figure.axes] == ["optimiser steps", "seconds of training"]
    untimed = [record for record in training("mamba") if record.metric == "loss"]
    figure = training_figure(frame(untimed), STYLES)
    assert figure is not None
    assert [axes.get_xlabel() for axes in figure.axes] == ["optimiser steps"]
    assert training_figure(frame(MODELS), STYLES) is None


def test_a_loss_that_was_not_a_number_leaves_a_gap_and_no_error() -> None:
    broken = Record(run="r", predictor="mamba", task="t", metric="loss", value=float("nan"), step=121)
    assert training_figure(frame([*training("mamba"), broken]), STYLES) is not None


def test_names_are_never_read_as_mathematics() -> None:
    name = r"$\frac$_{"
    records = rows(name, [1.0, 0.5, 0.1], score=1)
    assert name in inline_svg(learning_figure(frame(records), MEASURE, looks({name: "model"})), "x", "words")


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_pictures_are_the_same_bytes_each_time(kind: str) -> None:
    first, second = (picture_bytes(learning_figure(frame(MODELS), MEASURE, STYLES), kind) for _ in range(2))
    assert first == second


def test_an_inline_picture_has_no_colour_of_its_own() -> None:
    text = inline_svg(learning_figure(frame(MODELS), MEASURE, STYLES), "x", 'a "b" <c>')
    assert not [colour for colour in LIGHT.variables().values() if colour in text]
    assert "var(--model-0)" in text
    assert 'aria-label="a &quot;b&quot; &lt;c>"' in text


def test_drawing_leaves_the_users_settings_alone() -> None:
    before = dict(matplotlib.rcParams)
    picture_bytes(learning_figure(frame(MODELS), MEASURE, STYLES, theme=DARK), "svg")
    assert dict(matplotlib.rcParams) == before


def test_labels_without_room_have_no_places() -> None:
    assert spread([0.0, 0.1, 0.2], gap=0.6, low=0.0, high=1.0) is None
    assert spread([], gap=0.6, low=0.0, high=1.0) == []
