"""Outputs of every mixer are as large at one width as at another when it is initialised."""

import pytest

from icl_lab.evaluation.coordinates import output_sizes, sizes_in_training, slope
from icl_lab.models.mixers.attention import Attention
from icl_lab.models.mixers.base import MIXERS, MixerSpec
from tests.contracts.variants import identity

WIDTHS = (32, 64, 128, 256)
# One map without its 1 / sqrt(width) gives a slope of 0.5, noise at these sizes about 0.05: halfway between.
FLAT = 0.25
defaults = pytest.mark.parametrize(
    "spec", [MIXERS.get(name)().for_prompts(64) for name in MIXERS.names()], ids=identity
)


@defaults
def test_output_at_initialisation_does_not_grow_or_shrink_with_width(spec: MixerSpec) -> None:
    sizes = output_sizes(spec, WIDTHS)
    # A mixer whose outputs start below a hundredth of its inputs does not wake up in a few hundred steps.
    assert (sizes > 1e-2).all()
    assert (sizes < 10).all()
    assert abs(slope(WIDTHS, sizes)) < FLAT


def test_the_check_sees_an_initialisation_that_ignores_width() -> None:
    # N(0, 0.02^2) for values and for outputs: a factor of sqrt(width) each.
    assert slope(WIDTHS, output_sizes(Attention(init="gpt2"), WIDTHS)) > 0.7


def test_training_at_one_rate_for_all_widths_grows_with_width() -> None:
    sizes = sizes_in_training(Attention(), (32, 256), steps=3)
    assert sizes.shape == (2, 4)
    growth = sizes[:, -1] / sizes[:, 0]
    assert growth[1] > growth[0]
