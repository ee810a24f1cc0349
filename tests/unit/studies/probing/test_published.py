"""Published curves stand beside ours on the page of a probe, and never among the rows that claims are about."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from icl_lab.core.records import Record, read_records, write_records
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.published.probing import TASKS, published_depth, published_gamma
from icl_lab.report.comparison.data import Comparison
from icl_lab.report.probe.beside import beside_picture
from icl_lab.report.probe.damping import damping_picture
from icl_lab.report.probe.data import Looked, Probe, read_probe, write_probe
from icl_lab.report.probe.depth import fit_picture
from icl_lab.report.probe.figures import draw_probe
from icl_lab.studies.probing.joined import with_probing
from icl_lab.studies.probing.published import published_rows
from icl_lab.tasks.linear_regression import LinearRegression

TASK = TASKS["skewed_linear_regression"]
SPEC = ProbeSpec(functions=8, scored=4, shown=(40,), probed=0, prompts=0)
NETWORK = Looked(run="r", label="mamba", blocks=("mamba", "mamba", "mamba"))


def folder_of(folder: Path) -> Path:
    """A probe of three blocks with the published rows beside its own."""
    own = [
        Record(run="r", predictor="mamba", task="", metric=metric, block=block, shown=40, value=0.5, low=0.4, high=0.6)
        for metric in ("layer_error", "layer_plain_error", "layer_scale", "layer_shift")
        for block in range(3)
    ]
    write_probe(folder, Probe(task=TASK.to_json(), metric=TASK.metric, zero_error=1.0, networks=(NETWORK,)))
    write_records(folder / "records.jsonl", [*own, *published_rows(TASK, SPEC)])
    return folder


def test_published_scale_and_shift_are_drawn_by_relative_depth(tmp_path: Path) -> None:
    probe = read_probe(folder_of(tmp_path))
    curves = {(one.predictor, one.quantity): one for one in published_depth(TASK) if one.figure == "5"}
    for axes, quantity in zip(fit_picture(probe, NETWORK).axes, ("scale", "shift"), strict=True):
        lines = [line for line in axes.lines if len(line.get_xdata()) in (12, 24)]
        for line, model in zip(lines, ("mamba", "transformer"), strict=True):
            np.testing.assert_array_equal(line.get_ydata(), curves[model, quantity].value)
            assert line.get_xdata()[[0, -1]].tolist() == [0.0, 2.0]
    drawn = {one.stem: one.caption for one in draw_probe(probe, NETWORK)}
    assert "Grey: published, mamba solid, transformer dashed" in drawn["scale-and-shift"]
    assert "24 steps" in drawn["damping"]


def test_descent_is_drawn_step_by_step_beside_the_published_steps_on_the_right_scale(tmp_path: Path) -> None:
    probe = read_probe(folder_of(tmp_path))
    picture = beside_picture(probe, NETWORK, "error")
    assert picture is not None
    (axes,) = picture.axes
    own, *descents = [line for line in axes.lines if len(line.get_xdata()) in (3, 24)]
    np.testing.assert_array_equal(own.get_ydata(), [0.5, 0.5, 0.5])
    published = {one.predictor: one for one in published_depth(TASK) if one.figure == "3d"}
    for i, method in enumerate(("gradient_descent", "gd_plus_plus")):
        ours, theirs = descents[2 * i : 2 * i + 2]
        np.testing.assert_array_equal(theirs.get_ydata(), published[method].value)
        assert ours.get_xdata()[[0, -1]].tolist() == theirs.get_xdata()[[0, -1]].tolist() == [0.0, 1.0]
        # Eight functions say little, but would show the factor of 20 that is missing in the printed curves.
        np.testing.assert_array_less(np.abs(np.log(ours.get_ydata() / theirs.get_ydata())), np.log(4))
    assert "beside" in {one.stem for one in draw_probe(probe, NETWORK)}


def test_a_single_panel_without_descent_would_repeat_the_figure_over_depth(tmp_path: Path) -> None:
    probe = read_probe(folder_of(tmp_path))
    without = replace(probe, records=probe.records.filter(pl.col("metric") != "iterate_error"))
    assert beside_picture(without, NETWORK, "error") is None


def test_gd_plus_plus_is_drawn_beside_every_published_point(tmp_path: Path) -> None:
    picture = damping_picture(read_records(folder_of(tmp_path) / "records.jsonl"), "error")
    assert picture is not None
    (axes,) = picture.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    (published,) = [line for line in axes.lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(np.stack(published.get_data()), np.stack(published_gamma()))
    assert [text.get_text() for text in axes.texts] == ["gradient descent (gamma 0)"]
    assert [text.get_text() for text in picture.texts] == ["ours", "published"]


def test_other_tasks_have_neither(tmp_path: Path) -> None:
    assert list(published_rows(LinearRegression(), SPEC)) == []
    assert damping_picture(pl.DataFrame(schema=read_records(folder_of(tmp_path) / "records.jsonl").schema), "") is None


def test_only_rows_about_networks_join_those_of_a_part(tmp_path: Path) -> None:
    folder_of(tmp_path / "probing" / "mamba")
    empty = Comparison(task=TASK.to_json(), metric=TASK.metric, predictors=())
    assert set(with_probing(empty, tmp_path).records["run"]) == {"r"}
