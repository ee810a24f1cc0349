"""What stands for a model: a preset, a preset with settings, a block, a pattern."""

import pytest

from icl_lab import api
from icl_lab.comparisons.recipes import SIZES, model_at
from icl_lab.core.errors import UnknownName, UserError
from icl_lab.models.mixers import mamba
from icl_lab.models.presets.base import PRESETS, Preset
from icl_lab.models.presets.mamba import Mamba
from icl_lab.models.presets.pattern import Pattern
from icl_lab.models.presets.transformer import Transformer
from tests.unit.models.toys import ToyTask

TASK = ToyTask(length=5)
WIDTH, DEPTH = SIZES["small"]


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("mamba", Mamba(d_model=WIDTH, num_layers=DEPTH)),
        ("mamba(d_model=16)", Mamba(d_model=16, num_layers=DEPTH)),
        ("mamba(selective=none, gate=false,d_conv=0)", Mamba(selective="none", gate=False, d_conv=0)),
        ("transformer(d_model=20,num_heads=5)", Transformer(d_model=20, num_heads=5)),
        ("mamba3", Pattern(blocks="(mamba3*2)*L")),
        ("mlp", Pattern(blocks="(mlp*2)*L")),
        ("mamba3(d_state=4)", Pattern(blocks="(mamba3(d_state=4)*2)*L")),
        ("mamba*4", Pattern(blocks="mamba*4")),
        ("mamba(selective=none)*2", Pattern(blocks="mamba(selective=none)*2")),
        ("mamba(d_state=4) mlp", Pattern(blocks="mamba(d_state=4) mlp")),
        ("pattern(blocks=mamba (mlp mamba)*2, d_model=8)", Pattern(blocks="mamba (mlp mamba)*2", d_model=8)),
    ],
)
def test_a_text_stands_for_a_model(text: str, model: Preset) -> None:
    assert model_at("small", text) == model
    assert api.model(text) == model  # whose defaults are the small scale's sizes


def test_a_name_alone_has_two_blocks_a_layer_be_it_a_preset_or_a_block() -> None:
    for text in ("mamba", "mamba(selective=none)", "mamba3", "mamba3(d_state=4)", "mlp"):
        assert len(model_at("small", text, {"num_layers": "3"}).network(TASK).backbone.pattern) == 6
    assert len(model_at("small", "mamba3*1").network(TASK).backbone.pattern) == 1


def test_settings_of_the_preset_reach_its_blocks() -> None:
    ablated = model_at("small", "mamba(selective=dt,d_conv=2,gate=false,d_state=8)").network(TASK).backbone.pattern
    assert set(ablated) == {mamba.Mamba(selective="dt", d_conv=2, gate=False, d_state=8)}


@pytest.mark.parametrize("text", ["mamba3", "mamba3(d_state=4)", "mamba3*1", "mlp mamba", "(mamba*2)*L", "mamba*1"])
def test_the_word_of_a_pattern_reads_back_as_the_same_model(text: str) -> None:
    model = model_at("small", text)
    assert model.word == text
    assert model_at("small", Pattern(blocks="mamba").word).network(TASK) == Pattern(blocks="mamba").network(TASK)


def test_what_is_no_model_is_refused() -> None:
    with pytest.raises(UnknownName, match="unknown model 'manba3': did you mean mamba3"):
        model_at("small", "manba3")
    with pytest.raises(UserError, match=r"mamba has no field 'dt_rank'.*: write it as a pattern, \(mamba\(dt_rank=4\)"):
        model_at("small", "mamba(dt_rank=4)")
    with pytest.raises(UserError, match=r"^mamba has no field 'depth'"):
        model_at("small", "mamba(depth=4)")
    with pytest.raises(UserError, match=r"^pattern, character 8: mamba3 has no field 'd_stat': did you mean d_state"):
        model_at("small", "mamba3(d_stat=4)")
    with pytest.raises(UserError, match=r"character 18: d_model is set twice"):
        model_at("small", "mamba(d_model=16,d_model=32)")


@pytest.mark.parametrize("name", PRESETS.names())
def test_every_preset_reads_back_from_its_short_form(name: str) -> None:
    model = PRESETS.get(name)(d_model=24, num_layers=3)
    assert model_at("small", model.short()) == model
