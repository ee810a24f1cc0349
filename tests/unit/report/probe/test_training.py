"""Several checkpoints beside each other, and what else was in the rows and had no figure."""

from dataclasses import replace

import numpy as np
import polars as pl

from icl_lab.core.records import SCHEMA
from icl_lab.report.probe.data import Looked, Probe
from icl_lab.report.probe.figures import draw_probe
from icl_lab.report.probe.methods import method_figures
from icl_lab.report.probe.targets import bits_picture, probes_picture
from icl_lab.report.probe.training import in_order, names, training_figures

BLOCKS, ZERO = 2, 1.0
ERRORS = {100: 0.9, 4000: 0.1, 1000: 0.5}
"""Optimiser steps -> error of the last block."""
FAMILIES = {"nothing": 1.0, "GD++": 0.01, "Newton": 0.1}


def checkpoints() -> Probe:
    """One training at three checkpoints, named out of order, and another network."""
    networks = [Looked(run="a", label="mamba", step=step, blocks=("mamba",) * BLOCKS) for step in ERRORS]
    networks.append(Looked(run="b", label="transformer", step=4000, blocks=("attention",) * BLOCKS))
    rows = []
    for network in networks:
        for block in range(BLOCKS):
            error = ERRORS[network.step] if block else 1.0
            common = {"run": network.run, "predictor": network.label, "task": "t", "step": network.step}
            common |= {"shown": 9, "block": block, "seed": 0}
            numbers = {"layer_error": error, "layer_plain_error": error, "layer_scale": 1.0, "layer_shift": 0.0}
            rows += [common | {"metric": metric, "value": value} for metric, value in numbers.items()]
            near = {"metric": "nearest", "value": 0.01, "low": 0.005, "high": 0.02, "about": "4 steps of GD++"}
            rows += [common | near, common | near | {"metric": "nearest_family", "about": "GD++"}]
            for family, distance in FAMILIES.items():
                rows.append(common | {"metric": "distance", "value": distance, "about": family})
                rows.append(common | {"metric": "similarity", "value": 1 - distance, "about": family})
                rows.append(common | {"metric": "weight_distance", "value": distance / 10, "about": family})
            for who, value in (("probe", 0.8), ("untrained", 0.3), ("shuffled", 0.0)):
                for kind in ("ridge", "network"):
                    rows.append(common | {"metric": f"{who}_{kind}", "value": value, "about": "label"})
                rows.append(common | {"metric": f"{who}_bits", "value": 10 * value, "about": "label"})
    frame = pl.DataFrame([dict.fromkeys(SCHEMA) | row for row in rows], schema=SCHEMA)
    return Probe(task={}, metric="error", zero_error=ZERO, networks=tuple(networks), records=frame)


def test_checkpoints_of_a_training_are_in_the_order_of_their_steps() -> None:
    ordered = in_order(checkpoints())
    assert names(ordered) == [
        "mamba, 100 steps",
        "mamba, 1,000 steps",
        "mamba, 4,000 steps",
        "transformer, 4,000 steps",
    ]


def test_the_error_and_the_best_match_of_every_checkpoint_are_where_its_line_is() -> None:
    probe = checkpoints()
    drawn = {one.stem: one for one in training_figures(probe)}
    assert list(drawn) == ["training", "training-blocks", "training-methods"]
    (axes,) = drawn["training"].picture.axes
    errors = [(line.get_ydata()[0], line.get_xdata()[0]) for line in axes.lines
              if line.get_marker() == "o" and line.get_markerfacecolor() == line.get_markeredgecolor()]  # fmt: skip
    assert errors == [(0, 0.9), (1, 0.5), (2, 0.1), (3, 0.1)]
    rings = [line.get_xdata()[0] for line in axes.lines
             if line.get_marker() == "o" and line.get_markerfacecolor() != line.get_markeredgecolor()]  # fmt: skip
    assert rings == [0.01] * 4
    assert [text.get_text() for text in axes.texts if text.get_text()] == ["4 steps of GD++"] * 4
    blocks = drawn["training-blocks"].picture.axes[0].collections[0].get_array()
    np.testing.assert_allclose(blocks[:, 1], -np.log10([0.9, 0.5, 0.1, 0.1]))
    methods = drawn["training-methods"].picture.axes[0]
    assert [label.get_text() for label in methods.get_xticklabels()] == list(FAMILIES)
    np.testing.assert_allclose(methods.collections[0].get_array()[0], [0.0, 2.0, 1.0])
    (dots,) = methods.lines
    assert list(dots.get_xdata()) == [1] * 4  # GD++


def test_one_network_alone_has_none_of_these_figures() -> None:
    probe = checkpoints()
    alone = replace(probe, networks=probe.networks[:1])
    assert training_figures(alone) == []
    assert not [one for one in draw_probe(alone, alone.networks[0]) if one.stem.startswith("training")]


def test_words_of_rows_stay_within_the_picture() -> None:
    for figure in training_figures(checkpoints()):
        picture = figure.picture
        picture.draw_without_rendering()
        for axes in picture.axes:
            for label in (*axes.get_yticklabels(), *axes.get_xticklabels()):
                box = label.get_window_extent()
                assert box.x0 >= 0, label.get_text()
                assert box.y0 >= 0, label.get_text()


def test_likeness_of_errors_and_of_weights_have_a_figure_each() -> None:
    probe = checkpoints()
    drawn = {one.stem: one.picture for one in method_figures(probe, probe.networks[0], [9])}
    assert list(drawn) == ["methods", "errors-alike", "weights-alike"]
    values = {stem: picture.axes[0].collections[0].get_array()[:, 0] for stem, picture in drawn.items()}
    np.testing.assert_allclose(values["errors-alike"], [0.0, 0.99, 0.9])
    np.testing.assert_allclose(values["weights-alike"], [1.0, 3.0, 2.0])
    assert drawn["errors-alike"].axes[-1].get_ylabel() == "cosine"


def test_fresh_weights_stand_beside_trained_ones() -> None:
    probe = checkpoints()
    (axes,) = probes_picture(probe, probe.networks[0]).axes
    heights = {round(float(line.get_ydata()[0]), 6) for line in axes.lines}
    assert heights == {0.0, 0.3, 0.8}
    (axes,) = bits_picture(probe, probe.networks[0]).axes
    assert {8.0, 3.0} <= {round(float(line.get_ydata()[0]), 6) for line in axes.lines}


def test_the_words_below_patching_say_whether_chance_is_known() -> None:
    common = {"run": "a", "predictor": "mamba", "task": "t", "shown": 3, "about": "embedding", "num_prompts": 64}
    rise = common | {"metric": "patched_late_rise_over_zero", "value": 0.1}

    def words(*rows: dict[str, object]) -> str:
        frame = pl.DataFrame([dict.fromkeys(SCHEMA) | row for row in rows], schema=SCHEMA)
        probe = replace(checkpoints(), records=frame)
        (told,) = [one.caption for one in draw_probe(probe, probe.networks[0]) if one.stem == "patching"]
        return told

    assert "nothing is known of chance: every cell has its colour" in words(rise)
    known = words(rise, common | {"metric": "patched_late_rise_chance", "value": 0.5})
    assert "Grey: not told apart from 0. Of 64 prompts'" in known
    assert "every cell" not in known


def test_an_ablation_is_drawn_as_it_was_asked_and_says_what_stood_in() -> None:
    common = {"run": "a", "predictor": "mamba", "task": "t", "value": 0.5, "low": 0.4, "high": 0.6}
    parts = ["everything", "neighbours of block 0", *(f"state {i} of block 0" for i in range(40))]

    def drawn(how: str) -> dict[str, str]:
        rows = [common | {"metric": f"ablated_error_over_zero_by_{how}", "about": about} for about in parts]
        frame = pl.DataFrame([dict.fromkeys(SCHEMA) | row for row in rows], schema=SCHEMA)
        probe = replace(checkpoints(), records=frame)
        return {one.stem: one.caption for one in draw_probe(probe, probe.networks[0]) if "ablation" in one.stem}

    (told,) = drawn("mean").values()
    assert "replaced by its mean over other prompts" in told
    assert "Of 41 parts of blocks the 16" in told
    assert "sees its token alone" in told
    assert list(drawn("resample")) == ["ablation-resample"]
    assert "replaced by what it gives on another prompt" in drawn("resample")["ablation-resample"]
