"""The channel mixers against their formulas, and how they start."""

import pytest
import torch

from icl_lab.models.channel_mixers.gated_mlp import GatedMLP
from icl_lab.models.channel_mixers.mlp import MLP
from icl_lab.models.mixers.base import Site
from tests.unit.models.toys import assert_same, generator, randn


def test_gated_mlp_is_swiglu() -> None:
    mixer = GatedMLP(d_hidden=5).build(Site(4, 2, generator())).double()
    x, (gate, value) = randn(3, 4), mixer.widen.weight.split(5)
    branch = x @ gate.T
    assert_same(mixer(x), (branch * branch.sigmoid() * (x @ value.T)) @ mixer.narrow.weight.T)


@pytest.mark.parametrize(("d_model", "d_hidden"), [(64, 176), (12, 32), (96, 256)])
def test_gated_mlp_has_about_the_weights_of_an_mlp(d_model: int, d_hidden: int) -> None:
    assert GatedMLP().build(Site(d_model, 2, generator())).narrow.weight.shape == (d_model, d_hidden)


def test_mlp_is_gelu_between_two_maps() -> None:
    mixer = MLP(expand=2, init="torch").build(Site(4, 2, generator())).double()
    x = randn(3, 4)
    hidden = x @ mixer.widen.weight.T + mixer.widen.bias
    # GELU by tanh, Hendrycks & Gimpel 2016, section 2.
    hidden = 0.5 * hidden * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (hidden + 0.044715 * hidden**3)))
    assert_same(mixer(x), hidden @ mixer.narrow.weight.T + mixer.narrow.bias)


@pytest.mark.parametrize("spec", [MLP(init="gpt2"), GatedMLP(init="gpt2")], ids=["mlp", "gated_mlp"])
def test_gpt2_initialisation_scales_the_way_back_by_depth(spec: MLP | GatedMLP) -> None:
    mixer = spec.build(Site(128, 16, generator()))
    # 43,000 draws or more: 2% is five standard errors of a standard deviation.
    assert mixer.widen.weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert mixer.narrow.weight.std().item() == pytest.approx(0.02 / 4, rel=0.02)
