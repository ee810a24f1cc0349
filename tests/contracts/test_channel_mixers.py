"""What every registered channel mixer promises, with every combination of its choices."""

import pytest
import torch

from icl_lab.models.channel_mixers.base import CHANNEL_MIXERS, ChannelMixerSpec
from icl_lab.models.mixers.base import Site
from tests.contracts.variants import identity, variants
from tests.unit.models.toys import assert_same, generator, randn, scramble

D_MODEL = 12
every_channel_mixer = pytest.mark.parametrize("spec", variants(CHANNEL_MIXERS), ids=identity)


@every_channel_mixer
def test_says_what_it_computes_and_whose_it_is(spec: ChannelMixerSpec) -> None:
    assert spec.formula
    assert spec.source


@every_channel_mixer
def test_spec_survives_json(spec: ChannelMixerSpec) -> None:
    assert ChannelMixerSpec.from_json(spec.to_json()) == spec


@every_channel_mixer
def test_weights_are_a_function_of_the_generator_alone(spec: ChannelMixerSpec) -> None:
    before = torch.get_rng_state()
    first, second = (spec.build(Site(D_MODEL, 4, generator(7))).state_dict() for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(first[name], second[name]) for name in first)


@every_channel_mixer
def test_positions_do_not_see_each_other(spec: ChannelMixerSpec) -> None:
    mixer = spec.build(Site(D_MODEL, 4, generator())).double()
    scramble(mixer)
    x = randn(2, 5, D_MODEL).requires_grad_()
    (mixer(x)[:, 3] * randn(2, D_MODEL, seed=1)).sum().backward()
    influence = x.grad.abs().amax(dim=(0, 2))
    assert influence[3] > 0
    assert influence[[0, 1, 2, 4]].eq(0).all()
    assert_same(mixer(x)[:, 3], mixer(x[:, 3]))


@every_channel_mixer
def test_every_parameter_matters(spec: ChannelMixerSpec) -> None:
    mixer = spec.build(Site(D_MODEL, 4, generator())).double()
    scramble(mixer)
    (mixer(randn(4, D_MODEL)) * randn(4, D_MODEL, seed=1)).sum().backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in mixer.parameters())
