"""What looking inside promises for every registered mixer and preset: the same names, no change, the same numbers."""

from functools import cache
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from icl_lab.core.streams import Stream
from icl_lab.models.mixers.base import MIXERS, MixerSpec, SequenceMixer, Site
from icl_lab.models.network import Network
from icl_lab.models.presets.base import PRESETS, Preset
from icl_lab.probing.activations import capture, mixer_name, names, replaced, residual_name, stream
from icl_lab.probing.activations.grammar import ATTENTION, INNER, STATE, place
from icl_lab.probing.activations.inner import inner_activations
from icl_lab.probing.activations.listing import outer_names
from icl_lab.probing.activations.tapping import tapping
from tests.contracts.variants import identity, variants, with_optional_parts
from tests.unit.models.toys import ToyTask, assert_same, generator, randn, scramble

D_MODEL, TOKENS = 16, 7
TASK = ToyTask(width=3, length=20)
SPECS = [spec.for_prompts(TOKENS) for spec in with_optional_parts(MIXERS) if (spec.max_tokens or TOKENS) >= TOKENS]
every_mixer = pytest.mark.parametrize("spec", SPECS, ids=identity)
# The default of each, and the one with all choices taken the other way.
ENDS = {name: [spec for spec in variants(PRESETS) if spec.spec_name() == name] for name in PRESETS.names()}
SMALL = [
    spec.replace(d_model=16, num_layers=1) for each in ENDS.values() for spec in dict.fromkeys((each[0], each[-1]))
]
every_preset = pytest.mark.parametrize("preset", SMALL, ids=identity)


@cache
def built(spec: MixerSpec) -> SequenceMixer:
    mixer = spec.build(Site(D_MODEL, depth=4, generator=generator())).double().eval()
    scramble(mixer)
    return mixer


@cache
def inside(spec: MixerSpec) -> dict[str, Tensor]:
    return inner_activations(built(spec), randn(2, TOKENS, D_MODEL))


@cache
def network(preset: Preset, dtype: torch.dtype = torch.float64) -> Network:
    made = preset.build(TASK, Stream(0)).eval()
    scramble(made)
    return made.to(dtype)


@cache
def known_names(preset: Preset) -> tuple[str, ...]:
    return names(network(preset))


def hooks(module: torch.nn.Module) -> int:
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in module.modules())


def tapped(module: torch.nn.Module) -> list[SequenceMixer]:
    return [part for part in module.modules() if isinstance(part, SequenceMixer) and part.taps]


@every_mixer
def test_inner_quantities_have_names_of_the_grammar_and_gradients_of_none(spec: MixerSpec) -> None:
    for name, value in inside(spec).items():
        assert name in INNER or name.startswith(STATE)
        assert len(value) == 2
        assert not value.requires_grad


@every_mixer
def test_inner_quantities_make_the_output_of_the_mixer(spec: MixerSpec) -> None:
    # Each is put back as a copy, so that the form with taps is what runs.
    mixer, x = built(spec), randn(2, TOKENS, D_MODEL)
    seen = []

    def copied(name: str) -> Tensor:
        def change(value: Tensor) -> Tensor:
            seen.append(name)
            return inside(spec)[name].clone()

        return change

    with torch.no_grad():
        expected = mixer(x)
        with tapping(mixer, {name: copied(name) for name in inside(spec) if name in INNER}):
            assert_same(mixer(x), expected)
    assert sorted(seen) == sorted(name for name in inside(spec) if name in INNER and name != ATTENTION)


@every_mixer
def test_every_inner_quantity_is_used(spec: MixerSpec) -> None:
    mixer, x = built(spec), randn(2, TOKENS, D_MODEL)
    with torch.no_grad():
        expected = mixer(x)
        for name in inside(spec):
            if name in INNER and name != ATTENTION:
                # Mixed with neighbouring heads or tokens: a factor alone may cancel where sums are divided by sums.
                with tapping(mixer, {name: lambda value: 0.5 * value + 0.3 * value.roll(1, 1)}):
                    assert (mixer(x) - expected).abs().max() > 1e-6, name


@every_mixer
def test_hidden_attention_applied_to_the_values_is_what_was_read(spec: MixerSpec) -> None:
    found = inside(spec)
    assert (ATTENTION in found) == ("values" in found and "mixed" in found)
    if ATTENTION in found:
        weights, values = found[ATTENTION], found["values"]
        read = weights @ values if values.ndim == 4 else torch.einsum("bets,bse->bte", weights, values)
        assert_same(read, found["mixed"])
        # An FFT rounds; below 128 tokens convolutions are products, whose zeros are exact.
        assert not weights.triu(1).any()


@every_mixer
def test_the_last_of_the_states_is_that_of_the_sequence_form(spec: MixerSpec) -> None:
    _, state = built(spec).extend(randn(2, TOKENS, D_MODEL), built(spec).initial_state(2))
    found = {name.removeprefix(STATE): value for name, value in inside(spec).items() if name.startswith(STATE)}
    assert bool(found) == (built(spec).state_size(1) == built(spec).state_size(2))
    for name, along in found.items():
        assert along.shape[:2] == (2, TOKENS)
        assert_same(along[:, -1], state[name])


@every_preset
def test_names_are_the_same_for_every_architecture(preset: Preset) -> None:
    known = known_names(preset)
    outer = outer_names(network(preset))
    assert [name for name in known if name in outer] == list(outer)
    assert [name for name in outer if name.startswith("block.0.")] == ["block.0.mixer", "block.0.residual"]
    assert (outer[0], *outer[-2:]) == ("embedding", "final_norm", "output")
    for name in set(known) - set(outer):
        assert place(name).what in INNER or place(name).what.startswith(STATE)


@every_preset
def test_capture_leaves_outputs_bit_for_bit_and_no_hooks(preset: Preset) -> None:
    # float32, where fused kernels run.
    made, tokens = network(preset, torch.float32), randn(2, TOKENS, 3).float()
    known = known_names(preset)
    before, alone = hooks(made), made(tokens)
    with capture(made, known) as found:
        assert torch.equal(made(tokens), alone)
    assert set(found) == set(known)
    assert torch.equal(found["output"], alone)
    assert torch.equal(made(tokens), alone)
    assert hooks(made) == before
    assert not tapped(made)


@every_preset
def test_nothing_stays_behind_after_an_exception(preset: Preset) -> None:
    made, tokens = network(preset), randn(2, TOKENS, 3)
    inner = next((name for name in known_names(preset) if name.endswith(".heads")), None)
    before, alone = hooks(made), made(tokens)

    def failing(value: Tensor) -> Tensor:
        raise ArithmeticError

    for broken in ("final_norm", inner or "block.0.mixer"):
        with (
            pytest.raises(ArithmeticError),
            capture(made, known_names(preset)),
            replaced(made, {"embedding": torch.clone, broken: failing}),
        ):
            made(tokens)
        assert hooks(made) == before
        assert not tapped(made)
        assert torch.equal(made(tokens), alone)


@every_preset
def test_the_stream_is_the_sum_of_what_blocks_add(preset: Preset) -> None:
    made = network(preset)
    with torch.no_grad(), capture(made, outer_names(made)) as found:
        made(randn(2, TOKENS, 3))
    for block, (before, after) in enumerate(pairwise(stream(made))):
        added = found[before] + found[mixer_name(block)]
        norm = made.backbone.blocks[block].norm
        expected = added if made.spec.backbone.norm_order == "pre" else norm(added)
        assert torch.equal(found[after], expected)
    last = residual_name(len(made.backbone.blocks) - 1)
    assert torch.equal(made.backbone.final_norm(found[last]), found["final_norm"])
    assert torch.equal(made.read_out(found["final_norm"]), found["output"])


@every_preset
def test_patching_with_itself_changes_nothing(preset: Preset) -> None:
    made, tokens = network(preset), randn(2, TOKENS, 3)
    with torch.no_grad():
        alone = made(tokens)
        with capture(made, known_names(preset)) as found:
            made(tokens)
        free = [name for name in found if not (place(name).what.startswith(STATE) or place(name).what == ATTENTION)]
        with replaced(made, {name: lambda value, name=name: found[name].clone() for name in free}):
            assert_same(made(tokens), alone)
        for name in outer_names(made):
            with replaced(made, {name: lambda value, name=name: found[name].clone()}):
                assert torch.equal(made(tokens), alone)
