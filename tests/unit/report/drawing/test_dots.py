"""One point of the prompt is asked: predictors as categories, no curve."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from icl_lab.core.records import SCHEMA, Record
from icl_lab.report.comparison.drawn import draw_figures
from icl_lab.report.comparison.figures import learning_figure
from icl_lab.report.comparison.folder import read_comparison
from icl_lab.report.comparison.panels import shift_panels
from icl_lab.report.drawing.style import looks
from icl_lab.report.words import Measure
from tests.unit.report.folders import METRIC, comparison, entry, plain_row, rows, write

KINDS = {"mamba": "model", "ridge": "baseline", "bayes": "oracle"}
VALUES = {"mamba": 0.4, "ridge": 0.2, "bayes": 0.0}


def at_the_end(shift: str = "") -> list[Record]:
    """Every predictor, at the last point of three alone."""
    found = [plain_row("zero_error", 1.0, shift=shift)]
    for label, value in VALUES.items():
        found += [row for row in rows(label, [9, 9, value], score=1, shift=shift) if row.shown in (None, 2)]
    return found


def frame(records: list[Record]) -> pl.DataFrame:
    return pl.DataFrame([vars(record) for record in records], schema=SCHEMA)


def dots(axes: Axes) -> list[tuple[float, float]]:
    single = [line for line in axes.lines if len(np.asarray(line.get_xdata())) == 1 and line.get_marker() != "|"]
    return [(float(np.asarray(line.get_xdata())[0]), float(np.asarray(line.get_ydata())[0])) for line in single]


def test_a_single_point_is_a_dot_for_each_predictor_and_no_curve() -> None:
    axes = learning_figure(frame(at_the_end()), Measure(METRIC), looks(KINDS)).axes[0]
    assert dots(axes) == [(0.4, 0), (0.2, 1), (0.0, 2)]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["mamba", "ridge", "bayes (oracle)"]
    assert axes.get_xlabel() == "squared error / dimension, after 2 examples"
    interval = next(line for line in axes.lines if len(np.asarray(line.get_xdata())) == 2 and line.get_linewidth() > 2)
    np.testing.assert_allclose(np.asarray(interval.get_xdata(), dtype=float), [0.36, 0.44])


def test_two_points_are_a_curve() -> None:
    axes = learning_figure(frame(rows("mamba", [1, 0.7, 0.5], score=1)), Measure(METRIC), looks(KINDS)).axes[0]
    assert axes.get_xlabel() == "examples in the prompt"


def test_trainings_are_dashes_around_the_dot() -> None:
    again = [replace(row, seed=1, value=0.3) for row in at_the_end() if row.metric == METRIC]
    axes = learning_figure(frame([*at_the_end(), *again]), Measure(METRIC), looks(KINDS)).axes[0]
    trainings = [line for line in axes.lines if line.get_marker() == "|"]
    assert sorted(np.asarray(trainings[0].get_xdata(), dtype=float)) == [0.3, 0.4]


def test_panels_of_shifts_have_dots_and_the_page_says_what_they_are(tmp_path: Path) -> None:
    records = [*at_the_end(), *at_the_end("noisy")]
    picture = shift_panels(frame(records), Measure(METRIC), looks(KINDS), ["noisy"])
    assert len(dots(picture.axes[0])) == 3
    predictors = tuple(entry(label, kind) for label, kind in KINDS.items())  # type: ignore[arg-type]
    drawn = draw_figures(read_comparison(write(tmp_path, comparison(*predictors), records)))["learning"]
    assert drawn.heading == "Errors at the one point that is asked"
    assert "bands" not in drawn.caption
