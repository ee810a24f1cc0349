"""Mixers whose state is a matrix a head: against `transformers`, or against the paper's sums written out.

Copied weights, outputs and every gradient, float64.
"""

import pytest
import torch
from torch import Tensor, nn
from transformers import Mamba2Config, Qwen3NextConfig
from transformers.models.mamba2.modeling_mamba2 import Mamba2Mixer as PeerMamba2
from transformers.models.qwen3_next.modeling_qwen3_next import Qwen3NextGatedDeltaNet
from transformers.models.xlstm.modeling_xlstm import mlstm_recurrent_step_native

from icl_lab.models.mixers.delta_net import DeltaNet
from icl_lab.models.mixers.gated_linear_attention import GatedLinearAttention
from icl_lab.models.mixers.linear_attention import LinearAttention
from icl_lab.models.mixers.mamba2 import Mamba2
from icl_lab.models.mixers.mlstm import MLSTM
from icl_lab.models.mixers.retention import Retention
from tests.unit.models.mixer_oracles import D_MODEL, LENGTH, assert_same_outputs_and_gradients, built, heads
from tests.unit.models.toys import assert_same


def attend(weights: Tensor, values: Tensor) -> Tensor:
    """Causal sum over the values, heads beside each other."""
    return (weights.tril() @ values).transpose(1, 2).flatten(2)


@pytest.fixture
def _peers_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    # Both peers cast to float32 inside; float64 throughout is what lets 1e-9 be asked of them.
    monkeypatch.setattr(Tensor, "float", Tensor.double)
    real = Tensor.to

    def to(tensor: Tensor, *args: object, **kwargs: object) -> Tensor:
        wide = tuple(torch.float64 if arg is torch.float32 else arg for arg in args)
        return real(tensor, *wide, **{k: torch.float64 if v is torch.float32 else v for k, v in kwargs.items()})

    monkeypatch.setattr(Tensor, "to", to)


@pytest.mark.usefixtures("_peers_in_float64")
def test_mamba2_is_transformers() -> None:
    ours = built(Mamba2(num_heads=4, d_state=8))
    config = Mamba2Config(
        hidden_size=D_MODEL, num_heads=4, head_dim=8, state_size=8, n_groups=1, num_hidden_layers=1,
        use_bias=False, chunk_size=8, vocab_size=8,
    )  # fmt: skip
    theirs = PeerMamba2(config, layer_idx=0).double().eval()
    names = {"in_proj.weight": "in_proj.weight", "conv_weight": "conv1d.weight", "conv_bias": "conv1d.bias",
             "dt_bias": "dt_bias", "A_log": "A_log", "D": "D", "norm.weight": "norm.weight",
             "out_proj.weight": "out_proj.weight"}  # fmt: skip
    peers = dict(theirs.named_parameters())
    assert set(names) == set(dict(ours.named_parameters()))
    assert set(names.values()) == set(peers)
    assert_same_outputs_and_gradients(ours, theirs, [(p, peers[names[n]]) for n, p in ours.named_parameters()])


@pytest.mark.usefixtures("_peers_in_float64")
def test_gated_delta_net_is_transformers() -> None:
    num_heads, width = 2, D_MODEL // 2
    ours = built(DeltaNet(num_heads=num_heads, gated=True))
    config = Qwen3NextConfig(
        hidden_size=D_MODEL, linear_num_value_heads=num_heads, linear_num_key_heads=num_heads,
        linear_key_head_dim=width, linear_value_head_dim=width, linear_conv_kernel_dim=4, rms_norm_eps=1e-5,
        num_hidden_layers=1, layer_types=["linear_attention"],
    )  # fmt: skip
    theirs = Qwen3NextGatedDeltaNet(config, layer_idx=0).double()
    # The peer has q, k, v and the gate of a head beside each other, and the rate beside the step.
    mine = dict(ours.named_parameters())
    with torch.no_grad():
        q, k, v = (part.unflatten(0, (num_heads, width)) for part in mine["to_qkv.weight"].chunk(3))
        gate = mine["to_gate.weight"].unflatten(0, (num_heads, width))
        theirs.in_proj_qkvz.weight.copy_(torch.cat([q, k, v, gate], dim=1).flatten(0, 1))
        rate, step = mine["to_rate.weight"], mine["to_step.weight"]
        theirs.in_proj_ba.weight.copy_(torch.stack([rate, step], dim=1).flatten(0, 1))
    pairs = [
        (mine["conv.weight"], theirs.conv1d.weight),
        (mine["dt_bias"], theirs.dt_bias),
        (mine["A_log"], theirs.A_log),
        (mine["norm.weight"], theirs.norm.weight),
        (mine["to_out.weight"], theirs.out_proj.weight),
    ]
    assert_same_outputs_and_gradients(ours, theirs, pairs)
    qkvz = theirs.in_proj_qkvz.weight.grad.unflatten(0, (num_heads, 4, width))
    assert_same(mine["to_qkv.weight"].grad, qkvz[:, :3].transpose(0, 1).flatten(0, 2), scale=10.0)
    assert_same(mine["to_gate.weight"].grad, qkvz[:, 3].flatten(0, 1), scale=10.0)
    ba = theirs.in_proj_ba.weight.grad.unflatten(0, (num_heads, 2))
    assert_same(mine["to_rate.weight"].grad, ba[:, 0], scale=10.0)
    assert_same(mine["to_step.weight"].grad, ba[:, 1], scale=10.0)


@pytest.mark.parametrize("negative", [False, True])
def test_delta_net_is_gradient_descent_on_one_example_after_the_other(negative: bool) -> None:
    ours = built(DeltaNet(num_heads=2, negative_eigenvalues=negative))

    def by_hand(x: Tensor) -> Tensor:
        padded = nn.functional.pad(ours.to_qkv(x).mT, (3, 0))
        qkv = nn.functional.silu(nn.functional.conv1d(padded, ours.conv.weight[:, None], groups=3 * D_MODEL)).mT
        q, k, v = (heads(part, 2) for part in qkv.chunk(3, dim=-1))
        q, k = (part / (part.square().sum(-1, keepdim=True) + 1e-6).sqrt() for part in (q, k))
        rate = (1 + negative) * ours.to_rate(x).sigmoid()
        memory, outputs = x.new_zeros(len(x), 2, 8, 8), []
        for t in range(x.shape[1]):
            key, value = k[:, :, t, :, None], v[:, :, t, None, :]
            gradient = key @ (key.mT @ memory - value)
            memory = memory - rate[:, t, :, None, None] * gradient
            outputs.append((q[:, :, t, None] @ memory)[:, :, 0] / 8**0.5)
        o = torch.stack(outputs, dim=2)
        o = o / (o.square().mean(-1, keepdim=True) + 1e-5).sqrt() * ours.norm.weight
        return ours.to_out(o.transpose(1, 2).flatten(2))

    assert_same_outputs_and_gradients(ours, by_hand)


@pytest.mark.parametrize("features", ["elu", "taylor", "hedgehog", "identity"])
def test_linear_attention_is_its_sum_over_the_prompt(features: str) -> None:
    ours = built(LinearAttention(num_heads=2, features=features))

    def by_hand(x: Tensor) -> Tensor:
        q, k, v = (heads(to(x), 2) for to in (ours.to_q, ours.to_k, ours.to_v))
        if features == "elu":
            q, k = (torch.where(part > 0, part + 1, part.exp()) for part in (q, k))
        if features == "hedgehog":
            q, k = (torch.cat([part.exp(), (-part).exp()], dim=-1) for part in (q, k))
            q, k = (part / part.sum(-1, keepdim=True) for part in (q, k))
        weights = q @ k.mT
        if features == "taylor":
            weights = weights / 8**0.5
            weights = 1 + weights + weights**2 / 2
        if features != "identity":
            weights = weights / (weights.tril().sum(-1, keepdim=True) + 1e-6)
        return ours.to_out(attend(weights, v))

    assert_same_outputs_and_gradients(ours, by_hand)


@pytest.mark.parametrize("rotary", [False, True])
def test_retention_is_its_parallel_form(rotary: bool) -> None:
    ours = built(Retention(num_heads=2, rotary=rotary))

    def by_hand(x: Tensor) -> Tensor:
        q, k, v = (heads(to(x), 2) for to in (ours.to_q, ours.to_k, ours.to_v))
        if rotary:
            # Turning by angles that grow with the position is a product with complex numbers of length 1.
            rates = 10_000.0 ** (-torch.arange(4, dtype=torch.float64) / 4)
            turn = torch.polar(torch.ones(LENGTH, 4).double(), torch.arange(LENGTH)[:, None] * rates)
            q, k = (torch.complex(part[..., :4], part[..., 4:]) * turn for part in (q, k))
            products = (q @ k.mH).real
        else:
            products = q @ k.mT
        distance = (torch.arange(LENGTH)[:, None] - torch.arange(LENGTH)).clamp(min=0)
        gamma = torch.tensor([1 - 2**-5, 1 - 2**-6], dtype=torch.float64)[:, None, None]
        o = (products / 8**0.5 * gamma**distance).tril() @ v
        o = o / (o.square().mean(-1, keepdim=True) + 1e-5).sqrt() * ours.norm.weight
        return ours.to_out(o.transpose(1, 2).flatten(2) * nn.functional.silu(ours.to_gate(x)))

    ours.log_decay = torch.log1p(-(2.0 ** -torch.tensor([5.0, 6.0]).double()))  # kept in float32, as models are
    assert_same_outputs_and_gradients(ours, by_hand)


@pytest.mark.parametrize("gated", [False, True])
def test_gated_linear_attention_is_its_recurrence(gated: bool) -> None:
    ours = built(GatedLinearAttention(num_heads=2, gated=gated))

    def by_hand(x: Tensor) -> Tensor:
        q, k, v = (heads(to(x), 2) for to in (ours.to_q, ours.to_k, ours.to_v))
        decay = heads(ours.to_decay(x).sigmoid() ** (1 / 16), 2) if gated else torch.ones_like(k)
        memory, outputs = x.new_zeros(len(x), 2, 4, 8), []
        for t in range(x.shape[1]):
            memory = decay[:, :, t, :, None] * memory + k[:, :, t, :, None] * v[:, :, t, None]
            outputs.append((q[:, :, t, None] @ memory)[:, :, 0] / 4**0.5)
        o = torch.stack(outputs, dim=2)
        o = o / (o.square().mean(-1, keepdim=True) + 1e-5).sqrt() * ours.norm.weight
        return ours.to_out(o.transpose(1, 2).flatten(2) * nn.functional.silu(ours.to_gate(x)))

    assert_same_outputs_and_gradients(ours, by_hand)


@pytest.mark.parametrize("loud", [0.0, 300.0])
def test_mlstm_is_the_authors_recurrence_in_transformers(loud: float) -> None:
    ours = built(MLSTM(num_heads=2))
    with torch.no_grad():
        ours.to_input.bias.fill_(loud)  # exp(300) is beyond float32: the recurrence must not form it

    def by_peer(x: Tensor) -> Tensor:
        q, k, v = (heads(to(x), 2) for to in (ours.to_q, ours.to_k, ours.to_v))
        write, forget = ours.to_input(x), ours.to_forget(x)
        memory, total, scale = x.new_zeros(2, 2, 8, 8), x.new_zeros(2, 2, 8), x.new_zeros(2, 2, 1)
        outputs = []
        for t in range(x.shape[1]):
            gates = write[:, t, :, None], forget[:, t, :, None]
            output, (memory, total, scale) = mlstm_recurrent_step_native(
                q[:, :, t], k[:, :, t], v[:, :, t], *gates, memory, total, scale, dtype_state=torch.float64
            )
            outputs.append(output)
        o = torch.stack(outputs, dim=2)
        o = o / (o.square().mean(-1, keepdim=True) + 1e-5).sqrt() * ours.norm.weight
        return ours.to_out(o.transpose(1, 2).flatten(2) * ours.to_gate(x).sigmoid())

    assert_same_outputs_and_gradients(ours, by_peer)
