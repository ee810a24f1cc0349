"""Blocks that know nothing are given no algorithm, and those that hold one are, however large it is written there."""

import dataclasses
import functools

import numpy as np
import polars as pl
import pytest
import torch

from icl_lab.baselines.gradient_descent import GradientDescent
from icl_lab.core.records import SCHEMA
from icl_lab.core.streams import Stream
from icl_lab.evaluation.statistics import resample
from icl_lab.probing.algorithms.implied import axis_queries
from icl_lab.probing.examination.depth import likeness_rows
from icl_lab.probing.examination.rows import Subject
from icl_lab.probing.questions import Questions, ask
from icl_lab.probing.readout.calibration import NUM_FITTED, calibrate, calibrate_together
from icl_lab.probing.readout.curves import NUM_SCORED, Readout
from icl_lab.report.probe.data import Looked, Probe
from icl_lab.report.probe.methods import method_figures
from icl_lab.report.probe.words import NONE, UNLIKE, block_rows, conclusion, likeness
from icl_lab.tasks.linear_regression import LinearRegression

SHOWN, FUNCTIONS = 40, 64
TASK = LinearRegression(dim=20, length=SHOWN + 1)
SCALES = (37.0, -0.004)
BLOCKS = ("noise", "constant", *(f"step x {scale:g}" for scale in SCALES), "step and noise", "step, its own")
STEP = GradientDescent(steps=1, rate=0.5)


@functools.cache
def probe() -> Probe:
    """A network of these blocks, read off after 40 examples: a simulation, no model."""
    everything = NUM_FITTED + NUM_SCORED
    asked = ask(TASK, shown=SHOWN, queries=everything, functions=FUNCTIONS, stream=Stream(0, ("likeness",)))
    both = asked.asking(torch.cat([asked.queries, axis_queries(asked)], dim=1))
    readings = _readings(both)
    known, scored = readings[..., :NUM_FITTED], readings[..., NUM_FITTED:everything]
    labels = asked.answers[:, :NUM_FITTED]
    readout = Readout(
        SHOWN, scored, calibrate(known, labels), calibrate_together(known, labels),
        asked.answers[:, NUM_FITTED:].double(), TASK.objective,
    )  # fmt: skip
    subject = Subject("r", "made", TASK)
    counting = resample(FUNCTIONS // 2, Stream(0, ("likeness",)).generator(), 100)
    rows = list(likeness_rows(readout, readings[..., everything:], asked, subject, counting))
    rows += [
        subject.row("layer_error", float(error), num=FUNCTIONS, shown=SHOWN, block=block)
        for block, error in enumerate(readout.errors.mean(1))
    ]
    rows += [subject.row(f"layer_{one}", 1.0, num=FUNCTIONS, shown=SHOWN, block=b)
             for one in ("scale", "shift", "plain_error") for b in range(len(BLOCKS))]  # fmt: skip
    frame = pl.DataFrame([vars(one) for one in rows], schema=SCHEMA)
    network = Looked(run="r", label="made", blocks=BLOCKS)
    return Probe(task=TASK.to_json(), metric="error", zero_error=TASK.zero_error, networks=(network,), records=frame)


def _readings(asked: Questions) -> torch.Tensor:
    prompts = asked.asking(asked.queries)
    weights = next(iter(STEP.weights(prompts.xs.double(), prompts.ys.double(), [SHOWN])))
    step = torch.einsum("fqd,fd->fq", prompts.queries.double(), weights)
    noise = torch.randn(step.shape, generator=Stream(0, ("noise",)).torch_generator(), dtype=torch.float64)
    rest = [scale * step for scale in SCALES]
    return torch.stack([noise, torch.full_like(step, 0.7), *rest, step + step.std() * noise, step])


def test_noise_has_no_algorithm_and_a_step_of_gradient_descent_has_whatever_its_scale() -> None:
    rows = block_rows(probe(), probe().networks[0])
    said = dict(zip(BLOCKS, rows, strict=True))
    for block in ("noise", "constant"):
        assert said[block].nearest == NONE
        assert said[block].share is None
        # Two numbers fitted on 640 labels of variance 20 leave 2/640 of it; two on ten labels left a fifth and more.
        assert said[block].distance[0] < 0.02
        assert said[block].unexplained == pytest.approx(1, abs=0.15)
    # Half of what this block answers is noise.
    assert said["step and noise"].nearest == NONE
    for scale in SCALES:
        row = said[f"step x {scale:g}"]
        assert "1 step of gradient descent" in row.nearest
        assert row.unexplained < 0.02  # the nearest of seven rates to the fitted scale
    assert said["step, its own"].nearest == "1 step of gradient descent (rate=0.5)"
    assert said["step, its own"].distance[0] < 1e-10
    assert conclusion(probe(), probe().networks[0]).startswith("after 40 examples the last block is nearest to")


def test_the_published_fit_of_each_function_is_still_what_the_error_has() -> None:
    rows = block_rows(probe(), probe().networks[0])
    # Of noise: 1 for the labels, and two numbers fitted on ten labels cost a little more than a fifth.
    assert rows[0].error[0] == pytest.approx(1.25, abs=0.1)


@pytest.mark.parametrize("scatter", [0.0, 0.02])
def test_table_sentence_and_dots_name_the_same(scatter: float) -> None:
    made = probe()
    records = made.records
    if scatter:  # families whose distances are within a per cent of each other, which is where they disagreed
        near = records.filter(pl.col("metric").is_in(["distance", "weight_distance"]) & (pl.col("about") != "nothing"))
        noise = 0.05 * (1 + scatter * np.random.default_rng(0).random(len(near)))
        named = records.join(near.select("metric", "block", "about"), on=["metric", "block", "about"], how="anti")
        records = pl.concat([named, near.with_columns(value=pl.Series(noise))])
        made = dataclasses.replace(made, records=records)
    network = made.networks[0]
    rows = block_rows(made, network)
    drawn = {one.stem: one for one in method_figures(made, network, [SHOWN])}
    for stem in ("methods", "errors-alike", "weights-alike"):
        axes, at_last, _ = drawn[stem].picture.axes
        names = [label.get_text() for label in axes.get_yticklabels()]
        dots = {int(x): names[int(y)] for line in axes.lines for x, y in zip(*line.get_data(), strict=True)}
        for row in rows:
            like = likeness(made, network, row.block, SHOWN)
            assert dots.get(row.block, NONE) == (NONE if row.nearest == NONE else like.family)
            assert (row.nearest == NONE) == (row.unexplained > UNLIKE)
        assert sum(len(line.get_xdata()) for line in at_last.lines) == (rows[-1].nearest != NONE)
    # The steps of one method have dots by the same bound: here those of descent with the step of its paper.
    (dots,) = drawn["steps"].picture.axes[0].lines
    bound = {block: UNLIKE * made.of(network, "distance", block=block, about="nothing")["value"].item()
             for block in range(len(BLOCKS))}  # fmt: skip
    steps = made.of(network, "steps_distance").filter(pl.col("about").str.starts_with("gradient descent: "))
    wanted = {block for block, value in steps.select("block", "value").iter_rows() if value <= bound[block]}
    assert set(dots.get_xdata()) == wanted
    assert 2 in wanted


def test_weights_are_not_shown_where_the_answers_are_no_linear_function() -> None:
    drawn = {one.stem: one for one in method_figures(probe(), probe().networks[0], [SHOWN])}
    axes = drawn["weights-alike"].picture.axes[0]
    grey = np.ma.getmaskarray(axes.collections[0].get_array()).all(axis=0)
    below = [label.get_text().partition("\n")[2] for label in axes.get_xticklabels()]
    assert grey.tolist() == [True, True, False, False, True, False]
    assert below[1] == "100%"
    assert below[2] == below[3] == below[5] == "0%"
    assert 0.3 < float(below[0].rstrip("%")) / 100 < 0.7  # of noise half is even
    assert "grey" in drawn["weights-alike"].caption
    assert "times as far out" not in drawn["weights-alike"].caption
    far = [vars(Subject("r", "made", TASK).row("axes_outside", 3.37, num=8))]
    records = pl.concat([probe().records, pl.DataFrame(far, schema=SCHEMA)])
    far_out = dataclasses.replace(probe(), records=records)
    told = {one.stem: one.caption for one in method_figures(far_out, far_out.networks[0], [SHOWN])}
    assert "3.4 times as far out" in told["weights-alike"]
