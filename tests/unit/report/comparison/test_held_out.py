"""The picture of errors on held-out prompts during training."""

import numpy as np

from icl_lab.report.comparison.held_out import held_out_curves, held_out_figure
from icl_lab.report.drawing.style import looks
from tests.unit.studies.found_rows import part, sharp


def test_every_training_is_a_line_from_its_first_measurement_to_its_last() -> None:
    found = part({"a": [sharp(1.0)], "b": [sharp(1.0)]}, held_out={"a": [[0.9, 0.3], [0.8, 0.2]], "b": [[1.0]]})
    curves = held_out_curves(found, looks(found.kinds))
    assert {label: len(trainings) for label, trainings in curves.items()} == {"a": 2, "b": 1}
    np.testing.assert_array_equal(curves["a"][1].x, [100, 200])
    np.testing.assert_array_equal(curves["a"][1].y, [0.8, 0.2])
    picture = held_out_figure(found)
    assert picture is not None
    (axes,) = picture.axes
    drawn = [line.get_ydata() for line in axes.lines if list(line.get_xdata())[0] == 100]
    assert [list(map(float, ys)) for ys in drawn] == [[0.9, 0.3], [0.8, 0.2], [1.0]]
    assert {"a", "b"} <= {text.get_text() for text in axes.texts}


def test_without_measurements_there_is_no_picture() -> None:
    assert held_out_figure(part({"a": [sharp(1.0)]})) is None
