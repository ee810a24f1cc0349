"""Dropout draws from its own generator, drops a channel for the whole prompt, and only while training."""

import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.models.dropout import ChannelDropout
from icl_lab.models.presets.s4 import S4
from icl_lab.models.presets.s4_mamba import S4Mamba
from tests.unit.models.toys import ToyTask, generator, randn


def test_channels_are_dropped_for_the_whole_prompt_and_the_rest_scaled() -> None:
    dropout = ChannelDropout(0.25)
    dropout.generator = generator()
    x = torch.ones(200, 3, 50)
    y = dropout(x)
    assert torch.equal(y, y[:, :1].expand_as(y))
    assert y[:, 0].unique().tolist() == pytest.approx([0.0, 4 / 3])
    # 10,000 coins: five standard errors are 0.022.
    assert (y[:, 0] == 0).float().mean().item() == pytest.approx(0.25, abs=0.022)


def test_evaluation_and_rate_zero_change_nothing_and_need_no_generator() -> None:
    x = randn(2, 3, 4)
    assert ChannelDropout(0.5).eval()(x) is x
    assert ChannelDropout(0.0)(x) is x


def test_rate_one_drops_everything() -> None:
    dropout = ChannelDropout(1.0)
    dropout.generator = generator()
    assert not dropout(torch.ones(2, 3, 4)).any()


def test_training_without_a_generator_is_refused() -> None:
    with pytest.raises(UserError, match=r"call reseed\(generator\)"):
        ChannelDropout(0.1)(randn(2, 3, 4))


@pytest.mark.parametrize("preset", [S4(recipe="grazzi", d_model=8), S4Mamba(dropout=0.1, d_model=8)], ids=str)
def test_masks_are_a_function_of_the_generator_alone(preset: S4 | S4Mamba) -> None:
    network = preset.build(ToyTask(), Stream(0)).double()
    tokens = randn(2, 9, 3)
    before = torch.get_rng_state()

    def outputs(seed: int) -> torch.Tensor:
        network.reseed(generator(seed))
        return network(tokens)

    assert torch.equal(outputs(1), outputs(1))
    assert not torch.equal(outputs(1), outputs(2))
    assert torch.equal(torch.get_rng_state(), before)
    network.eval()
    assert torch.equal(outputs(1), outputs(2))
