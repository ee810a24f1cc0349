"""What every registered preset promises of the network it resolves to, with every combination of its choices."""

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_lab.core.predictor import Predictor
from icl_lab.core.streams import Stream
from icl_lab.models.network import Network, NetworkSpec, count_parameters
from icl_lab.models.presets.base import PRESETS, Preset
from tests.contracts.variants import identity, variants
from tests.unit.models.toys import ToyTask, assert_same, randn, scramble

TASK = ToyTask(width=3, length=20)
every_preset = pytest.mark.parametrize("preset", [spec.replace(d_model=16) for spec in variants(PRESETS)], ids=identity)


@cache
def built(preset: Preset) -> Network:
    network = preset.build(TASK, Stream(0)).double().eval()
    scramble(network)
    return network


@every_preset
def test_says_what_it_is_made_of_and_whose_it_is(preset: Preset) -> None:
    assert preset.formula
    assert preset.source


@every_preset
def test_specs_survive_json(preset: Preset) -> None:
    assert Preset.from_json(preset.to_json()) == preset
    spec = preset.network(TASK)
    assert NetworkSpec.from_json(spec.to_json()) == spec
    assert NetworkSpec.from_json(spec.to_json()).digest() == spec.digest()


@every_preset
def test_weights_are_a_function_of_the_stream_alone(preset: Preset) -> None:
    before = torch.get_rng_state()
    first, second = (preset.build(TASK, Stream(5)).state_dict() for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], second[name]) for name in first)


@every_preset
def test_parameters_are_counted_without_being_made(preset: Preset) -> None:
    assert count_parameters(preset.network(TASK)) == count_parameters(preset.build(TASK, Stream(0)))


@every_preset
def test_is_a_predictor_of_its_task(preset: Preset) -> None:
    network = built(preset)
    prompts = TASK.sample(Stream(0), step=0, batch=2).to(dtype=torch.float64)
    assert isinstance(network, Predictor)
    assert network.predict(prompts).shape == prompts.targets.shape


@every_preset
def test_output_depends_on_all_tokens_up_to_it_and_on_none_after(preset: Preset) -> None:
    tokens = randn(2, 9, 3).requires_grad_()
    built(preset)(tokens)[:, 5].sum().backward()
    influence = tokens.grad.abs().amax(dim=(0, 2))
    assert (influence[:6] > 1e-9 * influence.max()).all()
    # A mixer may convolve by FFT, which rounds.
    assert (influence[6:] <= 1e-12 * influence.max()).all()


@every_preset
def test_predictions_do_not_change_when_later_tokens_do(preset: Preset) -> None:
    tokens, other = randn(2, 12, 3), randn(2, 12, 3)
    other[:, 7:] = randn(2, 5, 3, seed=1)
    with torch.no_grad():
        assert_same(built(preset)(tokens)[:, :7], built(preset)(other)[:, :7])


@every_preset
@settings(max_examples=5, deadline=None, derandomize=True)
@given(length=st.integers(1, 40), batch=st.integers(1, 3), seed=st.integers(0, 99))
def test_streaming_equals_reading_at_once(preset: Preset, length: int, batch: int, seed: int) -> None:
    network, tokens = built(preset), randn(batch, length, 3, seed=seed)
    state, outputs = network.initial_state(batch), []
    with torch.no_grad():
        for token in tokens.unbind(1):
            output, state = network.step(token, state)
            outputs.append(output)
        assert_same(torch.stack(outputs, dim=1), network(tokens))
    assert state.size == network.state_size(length)


@every_preset
def test_two_continuations_can_start_from_one_state(preset: Preset) -> None:
    network, tokens = built(preset), randn(2, 6, 3)
    one, two = randn(2, 3, seed=1), randn(2, 3, seed=2)
    state = network.initial_state(2)
    with torch.no_grad():
        for token in tokens.unbind(1):
            _, state = network.step(token, state)
        for continuation in (one, two, one):
            output, _ = network.step(continuation, state)
            assert_same(output, network(torch.cat([tokens, continuation.unsqueeze(1)], dim=1))[:, -1])
