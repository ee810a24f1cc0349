"""What every registered sequence mixer promises, with every combination of its choices."""

from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_lab.models.mixers.base import MIXERS, MixerSpec, SequenceMixer, Site, State, measured_size
from tests.contracts.variants import identity, with_optional_parts
from tests.unit.models.toys import assert_same, generator, randn, scramble

D_MODEL = 16
# As in a model whose prompts are as long as the longest here.
PROMPT = 70
SPECS = [spec.for_prompts(PROMPT) for spec in with_optional_parts(MIXERS) if (spec.max_tokens or PROMPT) >= PROMPT]
every_mixer = pytest.mark.parametrize("spec", SPECS, ids=identity)
# Past the chunks of every form and past the longest convolution by a product.
MANY = 150
LONGER = [spec.for_prompts(MANY) for spec in with_optional_parts(MIXERS) if (spec.max_tokens or MANY) >= MANY]
every_longer_mixer = pytest.mark.parametrize("spec", LONGER, ids=identity)


@cache
def built(spec: MixerSpec) -> SequenceMixer:
    mixer = spec.build(Site(D_MODEL, depth=4, generator=generator())).double().eval()
    scramble(mixer)
    return mixer


def copied(state: State) -> State:
    return {name: tensor.clone() for name, tensor in state.items()}


@every_mixer
def test_says_what_it_computes_and_whose_it_is(spec: MixerSpec) -> None:
    assert spec.formula
    assert spec.source


@every_mixer
def test_spec_survives_json(spec: MixerSpec) -> None:
    assert MixerSpec.from_json(spec.to_json()) == spec


@every_mixer
def test_weights_are_a_function_of_the_generator_alone(spec: MixerSpec) -> None:
    before = torch.get_rng_state()
    first, second = (spec.build(Site(D_MODEL, 4, generator(7))).state_dict() for _ in range(2))
    other = spec.build(Site(D_MODEL, 4, generator(8))).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)
    assert all(tensor.dtype == torch.float32 for tensor in first.values())


@every_mixer
@pytest.mark.parametrize("t", [0, 3, 8])
def test_output_depends_on_all_inputs_within_reach_up_to_it_and_on_none_after(spec: MixerSpec, t: int) -> None:
    x = randn(2, 9, D_MODEL).requires_grad_()
    (built(spec)(x)[:, t] * randn(2, D_MODEL, seed=1)).sum().backward()
    influence = x.grad.abs().amax(dim=(0, 2))
    first = 0 if spec.reach is None else max(0, t + 1 - spec.reach)
    assert (influence[first : t + 1] > 1e-9 * influence.max()).all()
    assert (influence[:first] == 0).all()
    # A mixer may convolve by FFT, which rounds: 1e-12 is far above float64 rounding, far below any real influence.
    assert (influence[t + 1 :] <= 1e-12 * influence.max()).all()


@every_longer_mixer
def test_nothing_leaks_back_over_chunks_nor_through_fourier_transforms(spec: MixerSpec) -> None:
    at = MANY - 19  # in the middle of a chunk, whether chunks are of 16, 32 or 64 tokens
    x = randn(1, MANY, D_MODEL).requires_grad_()
    (built(spec)(x)[:, at] * randn(1, D_MODEL, seed=1)).sum().backward()
    influence = x.grad.abs().amax(dim=(0, 2))
    assert influence[at] > 0
    # As above: an FFT rounds.
    assert (influence[at + 1 :] <= 1e-12 * influence.max()).all()


@every_longer_mixer
def test_step_form_goes_on_after_many_chunks_as_the_sequence_form_does(spec: MixerSpec) -> None:
    mixer, x = built(spec), randn(1, MANY, D_MODEL)
    with torch.no_grad():
        output, state = mixer.extend(x[:, : MANY - 9], mixer.initial_state(1))
        outputs = [output]
        for token in x[:, MANY - 9 :].unbind(1):
            output, state = mixer.step(token, state)
            outputs.append(output[:, None])
        assert_same(torch.cat(outputs, dim=1), mixer(x))


@every_mixer
def test_every_parameter_matters(spec: MixerSpec) -> None:
    mixer = spec.build(Site(D_MODEL, 4, generator())).double()
    scramble(mixer)
    (mixer(randn(2, 9, D_MODEL)) * randn(2, 9, D_MODEL, seed=1)).sum().backward()
    idle = [name for name, weight in mixer.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert idle == []


@every_mixer
@settings(max_examples=12, deadline=None, derandomize=True)
@given(length=st.integers(1, 70), batch=st.integers(1, 3), seed=st.integers(0, 99))
def test_step_form_equals_sequence_form(spec: MixerSpec, length: int, batch: int, seed: int) -> None:
    mixer, x = built(spec), randn(batch, length, D_MODEL, seed=seed)
    state, outputs = mixer.initial_state(batch), []
    with torch.no_grad():
        for token in x.unbind(1):
            output, state = mixer.step(token, state)
            outputs.append(output)
        assert_same(torch.stack(outputs, dim=1), mixer(x))


@every_mixer
@pytest.mark.parametrize("pieces", [(1, 1), (5, 1, 3), (2, 40), (33, 9)])
def test_reading_in_pieces_equals_reading_at_once(spec: MixerSpec, pieces: tuple[int, ...]) -> None:
    mixer, x = built(spec), randn(2, sum(pieces), D_MODEL)
    state, outputs = mixer.initial_state(2), []
    with torch.no_grad():
        for piece in x.split(pieces, dim=1):
            kept = copied(state)
            output, after = mixer.extend(piece, state)
            assert all(torch.equal(state[name], kept[name]) for name in kept)
            outputs.append(output)
            state = after
        assert_same(torch.cat(outputs, dim=1), mixer(x))
        following, _ = mixer.step(x[:, 0], state)
        assert_same(following, mixer(torch.cat([x, x[:, :1]], dim=1))[:, -1])


@every_mixer
@pytest.mark.parametrize("starts", [(0, 1, 1, 4, 9), (0, 0), (3, 7)])
def test_a_token_asked_beside_a_prompt_follows_what_comes_before_it_and_is_seen_by_nobody(
    spec: MixerSpec, starts: tuple[int, ...]
) -> None:
    mixer, asked = built(spec), randn(2, len(starts), D_MODEL, seed=1)
    for x in (randn(2, max(starts), D_MODEL), randn(2, max(starts) + 2, D_MODEL)):
        with torch.no_grad():
            outputs, answers = mixer.beside(x, asked, torch.tensor(starts))
            assert_same(outputs, mixer(x) if x.shape[1] else x)
            for i, start in enumerate(starts):
                assert_same(answers[:, i], mixer(torch.cat([x[:, :start], asked[:, i, None]], dim=1))[:, -1])


@every_mixer
def test_declared_state_size_is_the_measured_one(spec: MixerSpec) -> None:
    mixer, state = built(spec), built(spec).initial_state(3)
    for length in range(6):
        assert measured_size(state) == mixer.state_size(length)
        assert all(tensor.shape[0] == 3 for tensor in state.values())
        _, state = mixer.step(randn(3, D_MODEL, seed=length), state)


@every_mixer
def test_step_leaves_the_given_state_as_it_was(spec: MixerSpec) -> None:
    mixer, x = built(spec), randn(2, 6, D_MODEL)
    state = mixer.initial_state(2)
    for token in x.unbind(1):
        kept = copied(state)
        once, after = mixer.step(token, state)
        twice, _ = mixer.step(token, state)
        assert all(torch.equal(state[name], kept[name]) for name in kept)
        assert torch.equal(once, twice)
        state = after


@every_mixer
def test_prompts_of_a_batch_do_not_see_each_other(spec: MixerSpec) -> None:
    x = randn(3, 9, D_MODEL)
    assert_same(built(spec)(x)[1:2], built(spec)(x[1:2]))
