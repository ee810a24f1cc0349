"""Lines of accuracy against demonstrations."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from icl_lab.report.drawing.style import LIGHT
from icl_lab.report.fewshot.data import read_fewshot
from icl_lab.report.fewshot.drawing import Line, draw_line, line_curve, line_name, line_styles

CONTROL = Line("accuracy_mean", "quick", "next_letter", "shuffled")


def test_a_control_begins_where_true_labels_do_unless_it_is_a_single_point(folder: Path) -> None:
    found = read_fewshot(folder)
    whole = line_curve(found, CONTROL)
    assert whole.x.tolist() == [0, 4, 5]
    assert whole.y[0] == found.value("accuracy_mean", "quick", "next_letter", 0)
    last = (pl.col("shift") == "") | (pl.col("shown") == 5)
    alone = line_curve(replace(found, records=found.records.filter(last)), CONTROL)
    assert alone.x.tolist() == [5]
    look, axes = line_styles(found)[line_name("quick", "shuffled")], Figure().subplots()
    draw_line(axes, alone, look, LIGHT, None)
    (ring,) = axes.lines
    assert ring.get_linestyle() == "None"
    assert np.array_equal(ring.get_xdata(), [1 + np.log2(5)])
    draw_line(axes, whole, look, LIGHT, None)
    assert len(axes.lines[-1].get_xdata()) == 3
