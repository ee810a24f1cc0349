"""The presets are the papers' patterns, with the papers' details."""

import pytest

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.models.mixers import mamba
from icl_lab.models.presets.base import Preset
from icl_lab.models.presets.mamba import Mamba
from icl_lab.models.presets.mambaformer import MambaFormer
from icl_lab.models.presets.pattern import Pattern
from icl_lab.models.presets.s4 import S4
from icl_lab.models.presets.s4_mamba import S4Mamba
from icl_lab.models.presets.standard_hybrid import StandardHybrid
from icl_lab.models.presets.transformer import Transformer
from icl_lab.models.presets.transformer_mamba_first import TransformerMambaFirst
from tests.unit.models.toys import ToyTask

TASK = ToyTask(length=41)


def kinds(preset: Preset) -> list[str]:
    return [mixer.spec_name() for mixer in preset.network(TASK).backbone.pattern]


def test_patterns() -> None:
    assert kinds(Transformer()) == ["attention", "mlp"] * 2
    assert kinds(Mamba()) == ["mamba"] * 4
    assert kinds(S4()) == ["s4d"] * 4
    assert kinds(S4Mamba()) == ["s4_mamba"] * 4
    assert kinds(StandardHybrid()) == ["attention", "mamba"] * 2
    assert kinds(TransformerMambaFirst(num_layers=3)) == ["mamba", "mlp", "attention", "mlp", "attention", "mlp"]
    assert kinds(MambaFormer()) == ["mamba", "attention", "mamba", "attention", "mamba"]


def test_only_the_first_block_of_a_transformer_is_replaced() -> None:
    dials = {"num_layers": 3, "positions": "none"}
    ours, plain = TransformerMambaFirst(**dials).network(TASK), Transformer(**dials).network(TASK)
    assert ours.backbone.pattern[1:] == plain.backbone.pattern[1:]
    assert ours == plain.replace(backbone=ours.backbone)
    assert ours.backbone == plain.backbone.replace(pattern=ours.backbone.pattern)
    assert ours.backbone.pattern[0] == mamba.Mamba()
    blocks = Pattern(blocks="mamba mlp(init=gpt2) (attention(init=gpt2) mlp(init=gpt2))*(L-1)", num_layers=3)
    assert blocks.network(TASK) == ours


def test_positions() -> None:
    def num_positions(preset: Preset) -> int:
        return preset.network(TASK).num_positions

    assert num_positions(Transformer()) == 82
    assert num_positions(Transformer(num_positions=202)) == 202
    assert num_positions(Transformer(recipe="grazzi")) == 0
    assert num_positions(Transformer(recipe="grazzi", positions="learned")) == 82
    assert num_positions(StandardHybrid()) == 82
    assert num_positions(StandardHybrid(positions="none")) == 0
    assert num_positions(MambaFormer()) == num_positions(Mamba()) == num_positions(S4()) == 0
    rotary = Transformer(positions="rotary").network(TASK)
    assert (rotary.num_positions, rotary.backbone.pattern[0].positions) == (0, "rotary")
    assert Transformer().network(TASK).backbone.pattern[0].positions == "none"


def test_learned_positions_start_small_unless_asked() -> None:
    # 2,624 draws or more: 7% is five standard errors of a standard deviation.
    for preset, std in ((Transformer(), 0.02), (StandardHybrid(), 0.02), (StandardHybrid(position_std=1.0), 1.0)):
        assert preset.build(TASK, Stream(0)).positions.std().item() == pytest.approx(std, rel=0.07)


def test_norms_and_dropout_are_the_recipes() -> None:
    def norms(preset: Preset) -> tuple[str, str, bool]:
        backbone = preset.network(TASK).backbone
        return backbone.norm, backbone.norm_order, backbone.final_norm

    assert norms(Mamba()) == ("layer", "pre", True)
    assert norms(Mamba(recipe="grazzi")) == ("rms", "pre", True)
    assert norms(S4()) == ("layer", "pre", True)
    assert norms(S4(recipe="grazzi")) == ("layer", "post", False)
    park, grazzi = (S4(recipe=recipe).network(TASK).backbone.pattern[0] for recipe in ("park", "grazzi"))
    assert (park.d_state, park.dropout) == (16, 0.0)
    assert (grazzi.d_state, grazzi.dropout) == (64, 0.1)
    assert S4(recipe="grazzi", dropout=0.0).network(TASK).backbone.pattern[0].dropout == 0.0


def test_impossible_dials_are_refused() -> None:
    for preset in (Transformer, StandardHybrid, MambaFormer):
        with pytest.raises(UserError, match=r"num_heads: expected a divisor of d_model=20, got 8; take one of 1, 2, 4"):
            preset(d_model=20, num_heads=8)
    with pytest.raises(UserError, match="num_positions: expected none as positions is 'none', got 7"):
        Transformer(positions="none", num_positions=7).network(TASK)
    with pytest.raises(UserError, match="d_state: expected an even number"):
        S4(d_state=3).network(TASK)
