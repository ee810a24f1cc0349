"""The causal MLP-Mixer against its sums written out; float64."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import gelu

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.models.mixers.base import Site
from icl_lab.models.mixers.mlp_mixer import MLPMixer, rows
from icl_lab.models.presets.pattern import Pattern
from tests.unit.models.mixer_oracles import D_MODEL, LENGTH, assert_same_outputs_and_gradients, built
from tests.unit.models.toys import ToyTask, generator, randn


@pytest.mark.parametrize("num_positions", [LENGTH, 40])
def test_mlp_mixer_is_two_triangular_maps_across_tokens(num_positions: int) -> None:
    ours = built(MLPMixer(num_positions=num_positions))

    def across(entries: Tensor, bias: Tensor, x: Tensor) -> Tensor:
        outputs, start = [], 0
        for t in range(x.shape[1]):
            outputs.append(bias[t] + sum(entries[start + j] * x[:, j] for j in range(t + 1)))
            start += t + 1
        return torch.stack(outputs, dim=1)

    def by_hand(x: Tensor) -> Tensor:
        hidden = gelu(across(ours.to_hidden, ours.hidden_bias, x))
        return across(ours.to_out, ours.out_bias, hidden)

    assert_same_outputs_and_gradients(ours, by_hand)


def test_longer_prompts_are_refused() -> None:
    mixer = built(MLPMixer(num_positions=4))
    _, state = mixer.extend(randn(1, 4, D_MODEL), mixer.initial_state(1))
    with pytest.raises(UserError, match="4 positions, got a prompt of 5 tokens; build it with num_positions=5"):
        mixer.step(randn(1, D_MODEL), state)
    with pytest.raises(UserError, match="got a prompt of 9 tokens"):
        mixer(randn(1, 9, D_MODEL))


def test_it_is_as_long_as_the_prompts_in_training_unless_told() -> None:
    task = ToyTask(width=3, length=9)
    for blocks, num_positions in (("mlp_mixer mlp", 18), ("mlp_mixer(num_positions=30) mlp", 30)):
        spec = Pattern(blocks=blocks, d_model=16).network(task)
        assert spec.backbone.pattern[0] == MLPMixer(num_positions=num_positions)
        assert spec.max_tokens == num_positions
    network = Pattern(blocks="mlp_mixer mlp", d_model=16).build(task, Stream(0))
    assert network.predict(task.sample(Stream(0), step=0, batch=2)).shape == (2, 9)
    with pytest.raises(UserError, match="mlp_mixer.num_positions: expected a number"):
        MLPMixer().build(Site(D_MODEL, 4, generator()))


def test_hidden_values_of_all_positions_start_at_the_same_size() -> None:
    mixer = MLPMixer(num_positions=64).build(Site(D_MODEL, 4, generator()))
    x = randn(64, 64, D_MODEL).float()
    sizes = (rows(mixer.to_hidden.detach(), 0, 64) @ x).std(dim=(0, 2))
    # The square of a size is the mean of i + 1 squares of U(-1, 1): 1/3, with a deviation of 0.3 / sqrt(i + 1),
    # which is 0.07 at row 16; four of them.
    assert ((sizes[16:] ** 2 - 1 / 3).abs() < 4 * 0.07).all()
