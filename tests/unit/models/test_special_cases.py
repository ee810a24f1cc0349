"""Mixers that are special cases of each other coincide: outputs and the gradients of what both have, float64."""

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from icl_lab.kernels import selective_scan
from icl_lab.models.mixers.base import SequenceMixer
from icl_lab.models.mixers.delta_net import DeltaNet
from icl_lab.models.mixers.gated_linear_attention import GatedLinearAttention
from icl_lab.models.mixers.linear_attention import LinearAttention
from icl_lab.models.mixers.mamba2 import Mamba2
from icl_lab.models.mixers.retention import Retention
from tests.unit.models.mixer_oracles import D_MODEL, LENGTH, assert_same_outputs_and_gradients, built
from tests.unit.models.toys import assert_same, randn

OPEN = 1.2784645427610738  # SiLU of it is 1


def ungate(mixer: SequenceMixer) -> None:
    """Make the gate of the output 1 whatever the token."""
    gate = nn.Linear(D_MODEL, D_MODEL).double()
    with torch.no_grad():
        gate.weight.zero_()
        gate.bias.fill_(OPEN)
    mixer.to_gate = gate


def scale_queries(mixer: SequenceMixer, factor: float) -> None:
    """Multiply what the map to queries gives, so that mixers which divide scores differently can be compared."""
    mixer.to_q.register_forward_hook(lambda module, given, output: factor * output)


def assert_coincide(general: SequenceMixer, special: SequenceMixer) -> None:
    """Every weight of the special case is one of the general case; with it copied, both do the same."""
    weights = dict(general.named_parameters())
    with torch.no_grad():
        for name, weight in special.named_parameters():
            weight.copy_(weights[name])
    x, cotangent, results = randn(2, LENGTH, D_MODEL), randn(2, LENGTH, D_MODEL, seed=1), []
    for mixer in (general, special):
        given = x.clone().requires_grad_()
        output = mixer(given)
        (output * cotangent).sum().backward()
        results.append((output, given.grad))
    (one, one_grad), (other, other_grad) = results
    assert_same(one, other)
    assert_same(one_grad, other_grad, scale=10.0)
    for name, weight in special.named_parameters():
        assert_same(weights[name].grad, weight.grad, scale=10.0)


def test_gated_delta_rule_with_gate_1_is_the_delta_rule() -> None:
    gated, plain = built(DeltaNet(num_heads=2, gated=True)), built(DeltaNet(num_heads=2))
    with torch.no_grad():
        gated.A_log.fill_(-torch.inf)  # a decay of exp(0)
    ungate(gated)
    assert_coincide(gated, plain)


def test_gated_linear_attention_with_gate_1_is_linear_attention() -> None:
    gated, plain = built(GatedLinearAttention(num_heads=2)), built(GatedLinearAttention(num_heads=2, gated=False))
    with torch.no_grad():
        gated.to_decay[1].bias.fill_(torch.inf)  # sigmoid of it is 1
    assert_coincide(gated, plain)
    gated.zero_grad()
    linear = built(LinearAttention(num_heads=2, features="identity", d_key=4))
    gated.norm = nn.Identity()
    ungate(gated)
    scale_queries(linear, 4**-0.5)
    assert_coincide(gated, linear)


def test_retention_that_forgets_nothing_is_linear_attention() -> None:
    retention = built(Retention(num_heads=2, rotary=False))
    linear = built(LinearAttention(num_heads=2, features="identity"))
    retention.log_decay.zero_()
    retention.norm = nn.Identity()
    ungate(retention)
    scale_queries(linear, 8**-0.5)
    assert_coincide(retention, linear)


def test_mamba2_with_one_channel_a_head_is_mambas_scan_with_one_decay_a_channel() -> None:
    width, d_state = 2 * D_MODEL, 4
    ours = built(Mamba2(num_heads=width, d_state=d_state))

    def by_mambas_scan(x: Tensor) -> Tensor:
        z, inputs, dt = ours.in_proj(x).split([width, width + 2 * d_state, width], dim=-1)
        padded = nn.functional.pad(inputs.mT, (3, 0))
        inputs = silu(nn.functional.conv1d(padded, ours.conv_weight[:, None], ours.conv_bias, groups=width + 8)).mT
        u, B, C = inputs.split([width, d_state, d_state], dim=-1)
        A = -ours.A_log.exp()[:, None].expand(-1, d_state)
        y = selective_scan(u, dt, A, B, C, D=ours.D, z=z, dt_bias=ours.dt_bias)
        return ours.out_proj(ours.norm(y))

    assert_same_outputs_and_gradients(ours, by_mambas_scan)
