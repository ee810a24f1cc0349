"""The residual stack: where its norms stand, and how its pattern travels through JSON."""

import pytest
import torch
import torch.nn.functional as F

from icl_lab.core.errors import UnknownName, UserError
from icl_lab.models.backbone import Backbone, BackboneSpec
from icl_lab.models.channel_mixers.gated_mlp import GatedMLP
from icl_lab.models.channel_mixers.mlp import MLP
from icl_lab.models.mixers.attention import Attention
from icl_lab.models.mixers.s4d import S4D
from tests.unit.models.toys import assert_same, generator, randn, scramble

PATTERN = (Attention(num_heads=2), MLP(), S4D(d_state=4), GatedMLP())


def test_norm_comes_first_and_once_more_at_the_end() -> None:
    backbone = Backbone(BackboneSpec(d_model=8, pattern=PATTERN), generator()).double()
    scramble(backbone)
    h = x = randn(2, 5, 8)
    for block in backbone.blocks:
        h = h + block.mixer(F.layer_norm(h, (8,), block.norm.weight, block.norm.bias, eps=1e-5))
    final = backbone.final_norm
    assert_same(backbone(x), F.layer_norm(h, (8,), final.weight, final.bias, eps=1e-5))


def test_norm_comes_last() -> None:
    spec = BackboneSpec(d_model=8, pattern=PATTERN, norm="rms", norm_order="post", final_norm=False)
    backbone = Backbone(spec, generator()).double()
    scramble(backbone)
    h = x = randn(2, 5, 8)
    for block in backbone.blocks:
        h = h + block.mixer(h)
        h = block.norm.weight * h / (h.square().mean(-1, keepdim=True) + 1e-5).sqrt()
    assert_same(backbone(x), h)


@pytest.mark.parametrize("norm_order", ["pre", "post"])
def test_steps_equal_the_sequence_in_both_orders(norm_order: str) -> None:
    spec = BackboneSpec(d_model=8, pattern=PATTERN, norm_order=norm_order)
    backbone = Backbone(spec, generator()).double()
    x = randn(2, 7, 8)
    states, outputs = backbone.initial_state(2), []
    for token in x.unbind(1):
        output, states = backbone.step(token, states)
        outputs.append(output)
    assert_same(torch.stack(outputs, dim=1), backbone(x))


def test_a_pattern_of_both_kinds_survives_json() -> None:
    spec = BackboneSpec(d_model=8, pattern=PATTERN, depth=3)
    data = spec.to_json()
    assert [sorted(entry)[0] for entry in data["pattern"]] == ["init", "channel_mixer", "d_state", "channel_mixer"]
    assert BackboneSpec.from_json(data) == spec


def test_unknown_mixers_in_a_pattern_are_named() -> None:
    data = BackboneSpec(d_model=8, pattern=PATTERN).to_json()
    data["pattern"][0] = {"mixer": "atention"}
    with pytest.raises(UnknownName, match="did you mean attention"):
        BackboneSpec.from_json(data)


def test_an_empty_pattern_is_refused() -> None:
    with pytest.raises(UserError, match="at least one mixer"):
        BackboneSpec(d_model=8, pattern=())


def test_blocks_know_their_kind() -> None:
    backbone = Backbone(BackboneSpec(d_model=8, pattern=PATTERN), generator())
    assert [block.kind for block in backbone.blocks] == ["attention", "mlp", "s4d", "gated_mlp"]
