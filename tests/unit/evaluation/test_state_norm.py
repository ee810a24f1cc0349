"""The size of the state along a prompt is what the step form really holds."""

import numpy as np
import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.evaluation.state_norm import measure_state_norm, root_mean_square, state_norm
from icl_lab.models.presets.base import PRESETS
from icl_lab.models.presets.mamba import Mamba
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.shifts.orthants import Orthants

TASK = LinearRegression(dim=3, length=5)


def test_the_root_mean_square_of_real_and_complex_numbers() -> None:
    state = {"real": torch.tensor([[3.0, 0.0]]), "complex": torch.tensor([[0 + 4j]])}
    assert root_mean_square(state) == pytest.approx(2.5)  # (9 + 0 + 0 + 16) / 4


def test_it_is_the_state_before_each_query() -> None:
    network = Mamba(d_model=8, num_layers=1).build(TASK, Stream(0))
    prompts = TASK.sample(Stream(0), 0, 4)
    found = state_norm(network, prompts)
    assert found.blocks == (0, 1)
    expected = []
    with torch.no_grad():
        for i in range(5):
            state = network.initial_state(4)
            for t in range(2 * i):
                _, state = network.step(prompts.tokens[:, t], state)
            block = state.blocks[1]
            numbers = torch.cat([block["recent"].flatten(), block["memory"].flatten()]).double()
            expected.append(float(numbers.square().mean().sqrt()))
    # The same numbers, summed in float64 in another order.
    np.testing.assert_allclose(found.values[1], expected, rtol=1e-9)
    assert found.values[0, 0] == 0


def test_attention_is_left_out_and_the_rest_of_a_hybrid_is_not() -> None:
    hybrid = PRESETS.get("mambaformer")(d_model=8, num_layers=1, num_heads=2).build(TASK, Stream(0))
    kinds = [block.kind for block in hybrid.backbone.blocks]
    found = measure_state_norm(hybrid, TASK, num_prompts=3)
    assert [kinds[block] for block in found.blocks] == [kind for kind in kinds if kind != "attention"]
    assert len(found.blocks) < len(kinds)
    rows = list(found.records("hybrid", TASK, "r", seed=1, shift="length=5", num_prompts=3))
    mean = [row.value for row in rows if row.metric == "state_norm"]
    np.testing.assert_allclose(mean, found.values.mean(axis=0), rtol=1e-12)
    assert {row.metric for row in rows} == {"state_norm"} | {f"state_norm_of_block_{i}" for i in found.blocks}


def test_a_transformer_has_none_and_a_prompt_it_cannot_read_is_refused() -> None:
    spec = PRESETS.get("transformer")(d_model=8, num_layers=1, num_heads=2)
    found = measure_state_norm(spec.build(TASK, Stream(0)), TASK, num_prompts=2)
    assert found.blocks == ()
    assert list(found.records("t", TASK, "r", seed=0, shift="", num_prompts=2)) == []
    hybrid = PRESETS.get("mamba")(d_model=8, num_layers=1).build(TASK.replace(dim=4), Stream(0))
    with pytest.raises(UserError, match="tokens of width 4"):
        measure_state_norm(hybrid, TASK, num_prompts=2)


def test_with_questions_beside_the_prompt_it_is_the_state_that_they_start_from() -> None:
    network = Mamba(d_model=8, num_layers=1).build(TASK, Stream(0))
    beside = Orthants().shifted(TASK).sample(Stream(0), 0, 2)
    found = state_norm(network, beside)
    assert found.values[0, 0] == 0
    assert found.values.shape == (2, 5)
