"""Prompts that interventions are tried on: independent of each other, whatever the prompts of a batch share."""

import numpy as np
import pytest
import torch

from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.models.presets.transformer import Transformer
from icl_lab.probing.examination.changed import changed_rows
from icl_lab.probing.examination.rows import Subject
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.probing.interventions import ablation_effects, parts
from icl_lab.probing.interventions.measuring import bootstrap, drawn
from icl_lab.tasks.inputs.skewed import Skewed
from icl_lab.tasks.linear_regression import LinearRegression
from tests.unit.probing.networks import made, prompts

SKEWED = LinearRegression(dim=3, length=8, inputs=Skewed())
STREAM = Stream(3)


def axes_of(batch: PromptBatch) -> torch.Tensor:
    """The direction in which the inputs of each prompt are largest."""
    assert batch.examples is not None
    return torch.linalg.svd(batch.examples.xs.double()).Vh[:, 0]


def likeness(batch: PromptBatch) -> float:
    axes = axes_of(batch)
    cosines = (axes @ axes.T).square()
    return float((cosines.sum() - len(axes)) / (len(axes) * (len(axes) - 1)))


def test_prompts_of_a_batch_that_share_their_axes_are_drawn_apart() -> None:
    task = SKEWED.replace(length=200)
    apart, independent = drawn(task, STREAM, 0, 24)
    assert independent
    assert apart.batch == 24
    # Of directions drawn uniformly in three dimensions the squared cosine has mean 1/3 and variance 4/45; over the
    # 276 pairs of 24 its standard error is 0.018, and of one shared direction it is near 1.
    assert likeness(apart) == pytest.approx(1 / 3, abs=0.09)
    assert likeness(task.sample(STREAM, 0, 24)) > 0.9


def test_labels_divided_by_what_a_batch_shares_keep_their_spread_over_prompts() -> None:
    task = LinearRegression(dim=3, length=8, restandardised=True)
    apart, independent = drawn(task, STREAM, 0, 24)
    assert independent
    assert apart.examples is not None
    # One prompt divided by its own deviation would have the same mean square as every other.
    squares = apart.examples.ys.double().square().mean(1)
    assert float(squares.std()) > 0.3


def test_drawing_is_a_function_of_its_arguments_and_steps_have_nothing_in_common() -> None:
    first, again, other = (drawn(SKEWED, STREAM, step, 6)[0].tokens for step in (0, 0, 1))
    assert torch.equal(first, again)
    assert not [1 for one in first for two in other if torch.equal(one, two)]
    plain = LinearRegression(dim=3, length=8)
    assert torch.equal(drawn(plain, STREAM, 1, 6)[0].tokens, plain.sample(STREAM, 1, 6).tokens)


def test_only_prompts_known_to_be_independent_are_resampled() -> None:
    plain = LinearRegression(dim=3, length=8)
    assert [len(bootstrap(task, 6, 0, resamples=5)) for task in (plain, SKEWED)] == [5, 0]
    assert [len(bootstrap(task, 6, 0, True, resamples=5)) for task in (plain, SKEWED)] == [5, 5]
    assert len(bootstrap(plain, 6, 0, False)) == 0


def test_a_batch_of_the_task_has_no_interval_and_what_is_looked_at_by_a_probe_has() -> None:
    network = made("mamba", SKEWED)
    batch, others = prompts(task=SKEWED), prompts(step=1, task=SKEWED)
    effects = ablation_effects(network, SKEWED, batch, others, ablate=parts(network, ["everything"]))
    assert np.isnan(effects.intact.low)
    small = Transformer(d_model=16, num_layers=1).build(SKEWED, Stream(0)).eval()
    rows = list(changed_rows(small, Subject("run", "transformer", SKEWED), ProbeSpec(prompts=4)))
    changed = [row for row in rows if "_over_zero" in row.metric]
    assert len({row.metric for row in changed}) >= 3
    assert all(row.low is not None and row.low <= row.value <= row.high for row in changed)
