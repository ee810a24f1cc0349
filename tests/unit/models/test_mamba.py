"""Our Mamba block is `transformers`' and `mambapy`'s: outputs and every gradient, with copied weights, in float64."""

import math

import pytest
import torch
from mambapy.mamba import MambaBlock as MambapyBlock
from mambapy.mamba import MambaConfig as MambapyConfig
from torch import Tensor, nn
from transformers import MambaConfig, MambaModel

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.models.mixers.base import Site
from icl_lab.models.mixers.mamba import Mamba, MambaMixer
from icl_lab.models.presets import mamba as preset
from icl_lab.models.presets.mambaformer import MambaFormer
from tests.unit.models.toys import ToyTask, assert_same, generator, randn, scramble

D_MODEL = 20


@pytest.fixture(autouse=True)
def _oracles_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    # Both oracles cast A and D to float32 inside; float64 throughout is what lets 1e-9 be asked of them.
    monkeypatch.setattr(Tensor, "float", Tensor.double)


def counterparts(ours: MambaMixer, theirs: nn.Module) -> list[tuple[Tensor, Tensor]]:
    return [
        (ours.in_proj.weight, theirs.in_proj.weight),
        (ours.conv_weight, theirs.conv1d.weight),
        (ours.conv_bias, theirs.conv1d.bias),
        (ours.x_proj.weight, theirs.x_proj.weight),
        (ours.dt_proj, theirs.dt_proj.weight),
        (ours.dt_bias, theirs.dt_proj.bias),
        (ours.A_log, theirs.A_log),
        (ours.D, theirs.D),
        (ours.out_proj.weight, theirs.out_proj.weight),
    ]


def copy(pairs: list[tuple[Tensor, Tensor]]) -> None:
    with torch.no_grad():
        for mine, peer in pairs:
            peer.copy_(mine.reshape(peer.shape))


def assert_same_gradients(mine: Tensor, peer: Tensor, pairs: list[tuple[Tensor, Tensor]]) -> None:
    cotangent = randn(*mine.shape, seed=1)
    (mine * cotangent).sum().backward()
    (peer * cotangent).sum().backward()
    for ours, theirs in pairs:
        assert_same(ours.grad, theirs.grad.reshape(ours.shape), scale=10.0)


@pytest.mark.parametrize("pscan", [True, False])
@pytest.mark.parametrize("length", [1, 2, 13])
def test_block_is_mambapys(length: int, pscan: bool) -> None:
    ours = Mamba().build(Site(D_MODEL, 4, generator())).double()
    theirs = MambapyBlock(MambapyConfig(d_model=D_MODEL, n_layers=1, pscan=pscan)).double()
    scramble(ours)
    pairs = counterparts(ours, theirs)
    assert len(pairs) == len(list(ours.parameters())) == len(list(theirs.parameters()))
    copy(pairs)
    x, y = randn(2, length, D_MODEL).requires_grad_(), randn(2, length, D_MODEL).requires_grad_()
    mine, peer = ours(x), theirs(y)
    assert_same(mine, peer)
    assert_same_gradients(mine, peer, [*pairs, (x, y)])


def test_grazzis_mamba_is_that_of_transformers() -> None:
    network = preset.Mamba(d_model=D_MODEL, num_layers=1, recipe="grazzi").build(ToyTask(), Stream(0)).double()
    scramble(network)
    config = MambaConfig(
        hidden_size=D_MODEL,
        num_hidden_layers=2,
        vocab_size=1,
        time_step_rank=math.ceil(D_MODEL / 16),
        layer_norm_epsilon=1e-5,
        residual_in_fp32=False,
        use_cache=False,
        use_mambapy=False,
    )
    theirs = MambaModel(config).double()
    # Their norm casts to float32 in a way that cannot be undone from outside; the formula has its own test.
    theirs.norm_f = nn.RMSNorm(D_MODEL, eps=1e-5).double()
    for layer in theirs.layers:
        layer.norm = nn.RMSNorm(D_MODEL, eps=1e-5).double()
    pairs = [(network.backbone.final_norm.weight, theirs.norm_f.weight)]
    for block, layer in zip(network.backbone.blocks, theirs.layers, strict=True):
        pairs += [(block.norm.weight, layer.norm.weight), *counterparts(block.mixer, layer.mixer)]
    assert len(pairs) == len(list(network.backbone.parameters()))
    copy(pairs)
    x, y = randn(2, 13, D_MODEL).requires_grad_(), randn(2, 13, D_MODEL).requires_grad_()
    mine, peer = network.backbone(x), theirs(inputs_embeds=y).last_hidden_state
    assert_same(mine, peer)
    assert_same_gradients(mine, peer, [*pairs, (x, y)])


def test_initial_values_survive_the_building_of_a_whole_model() -> None:
    network = MambaFormer(d_model=64, num_layers=2).build(ToyTask(), Stream(0))
    blocks = [block.mixer for block in network.backbone.blocks if block.kind == "mamba"]
    assert len(blocks) == 3
    for block in blocks:
        dt = nn.functional.softplus(block.dt_bias)
        # 128 draws, log-uniform over two decades; the ends are rounded in float32.
        assert 0.999e-3 < dt.min() < 2e-3
        assert 0.05 < dt.max() < 0.1001
        assert torch.equal(block.A_log, torch.arange(1.0, 17.0).log().expand(128, 16))
        assert torch.equal(block.D, torch.ones(128))
        # Uniform up to the bound; the largest of 512 draws or more is within 2% of it.
        for weight, bound in (
            (block.in_proj.weight, 64**-0.5),
            (block.conv_weight, 4**-0.5),
            (block.x_proj.weight, 128**-0.5),
            (block.dt_proj, 4**-0.5),
            (block.out_proj.weight, 128**-0.5 / math.sqrt(4)),  # four blocks are counted, not five
        ):
            assert 0.98 * bound < weight.abs().max() <= bound


def test_first_steps_are_as_long_as_asked() -> None:
    block = Mamba(dt_low=0.1, dt_high=0.1).build(Site(8, 1, generator()))
    torch.testing.assert_close(nn.functional.softplus(block.dt_bias), torch.full((16,), 0.1), rtol=1e-6, atol=0)


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(UserError, match="dt_low: expected at most dt_high=0.1, got 0.5"):
        Mamba(dt_low=0.5)
    with pytest.raises(UserError, match="d_conv"):
        Mamba(d_conv=9)


def test_settings_reach_the_block() -> None:
    block = Mamba(d_state=5, d_conv=1, expand=3, dt_rank=7).build(Site(6, 1, generator()))
    assert block.A_log.shape == (18, 5)
    assert block.dt_proj.shape == (18, 7)
    assert block.state_size(100) == 18 * 5
