"""RWKV's mixes: RWKV-4 against `transformers`, RWKV-7 against its recurrence written out; float64."""

import pytest
import torch
from torch import Tensor, nn
from transformers import RwkvConfig
from transformers.models.rwkv.modeling_rwkv import RwkvFeedForward, RwkvSelfAttention

from icl_lab.kernels.recurrences import delta_rule
from icl_lab.models.mixers.base import SequenceMixer
from icl_lab.models.mixers.rwkv4 import RWKV4
from icl_lab.models.mixers.rwkv7 import RWKV7
from icl_lab.models.mixers.rwkv_channel_mix import RWKVChannelMix
from tests.unit.models.mixer_oracles import D_MODEL, LENGTH, assert_same_outputs_and_gradients, built, heads
from tests.unit.models.toys import assert_same, randn

CONFIG = RwkvConfig(hidden_size=D_MODEL, attention_hidden_size=D_MODEL, intermediate_size=4 * D_MODEL)


@pytest.fixture
def _peer_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "float", Tensor.double)  # the peer casts its keys to float32


@pytest.mark.usefixtures("_peer_in_float64")
@pytest.mark.parametrize("loud", [1.0, 300.0])
def test_rwkv4_is_transformers(loud: float) -> None:
    ours, theirs = built(RWKV4()), RwkvSelfAttention(CONFIG).double()
    with torch.no_grad():
        ours.to_k.weight *= loud  # e^{300 k}: sums of such numbers must not be formed
    pairs = [
        (ours.decay, theirs.time_decay),
        (ours.bonus, theirs.time_first),
        (ours.to_k.weight, theirs.key.weight),
        (ours.to_v.weight, theirs.value.weight),
        (ours.to_r.weight, theirs.receptance.weight),
        (ours.to_out.weight, theirs.output.weight),
    ]
    mixtures = [theirs.time_mix_key, theirs.time_mix_value, theirs.time_mix_receptance]
    with torch.no_grad():
        for mine, peer in zip(ours.shift.fraction, mixtures, strict=True):
            peer.copy_(mine.reshape(peer.shape))
    assert_same_outputs_and_gradients(ours, lambda x: theirs(x)[0], pairs)
    peer_gradient = torch.stack([mixture.grad.flatten() for mixture in mixtures])
    assert_same(ours.shift.fraction.grad, peer_gradient, scale=10.0 * loud)


def test_rwkv4_without_decay_and_bonus_is_a_softmax_over_the_prompt() -> None:
    ours = built(RWKV4())
    with torch.no_grad():
        ours.decay.fill_(-torch.inf)
        ours.bonus.zero_()
        ours.shift.fraction.fill_(1.0)
        x = randn(2, LENGTH, D_MODEL)
        k, v = ours.to_k(x), ours.to_v(x)
        past = torch.ones(LENGTH, LENGTH, dtype=torch.bool).tril()[..., None]
        weights = torch.where(past, k[:, None], -torch.inf).softmax(dim=2)
        expected = ours.to_out(ours.to_r(x).sigmoid() * (weights * v[:, None]).sum(2))
        assert_same(ours(x), expected)


@pytest.mark.parametrize("decay", [-20.0, 8.0, 20.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("length", [1, 2, 63, 4096])
def test_rwkv4_stays_finite_at_extreme_decays(decay: float, dtype: torch.dtype, length: int) -> None:
    ours = built(RWKV4()).to(dtype)
    with torch.no_grad():
        ours.decay.fill_(decay)
        ours.to_k.weight *= 50
    x = randn(1, length, D_MODEL).to(dtype)
    output = ours(x)
    output.sum().backward()
    assert output.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in ours.parameters())


def test_rwkv_channel_mix_is_transformers() -> None:
    ours, theirs = built(RWKVChannelMix()), RwkvFeedForward(CONFIG).double()
    pairs = [
        (ours.widen.weight, theirs.key.weight),
        (ours.narrow.weight, theirs.value.weight),
        (ours.to_r.weight, theirs.receptance.weight),
    ]
    mixtures = [theirs.time_mix_key, theirs.time_mix_receptance]
    with torch.no_grad():
        for mine, peer in zip(ours.shift.fraction, mixtures, strict=True):
            peer.copy_(mine.reshape(peer.shape))
    assert_same_outputs_and_gradients(ours, lambda x: theirs(x)[0], pairs)
    assert_same(ours.shift.fraction.grad, torch.stack([mixture.grad.flatten() for mixture in mixtures]), scale=10.0)


def test_channel_mix_of_rwkv7_has_no_receptance() -> None:
    ours = built(RWKVChannelMix(receptance=False))

    def by_hand(x: Tensor) -> Tensor:
        previous = nn.functional.pad(x, (0, 0, 1, -1))
        mixture = ours.shift.fraction * x + (1 - ours.shift.fraction) * previous
        return ours.narrow(ours.widen(mixture).clamp(min=0) ** 2)

    assert_same_outputs_and_gradients(ours, by_hand)


def rwkv7_by_hand(ours: SequenceMixer, x: Tensor, num_heads: int) -> Tensor:
    """Equations of section 4.1 a token at a time, with the paper's orientation of the state (value by key)."""
    width = D_MODEL // num_heads
    previous = nn.functional.pad(x, (0, 0, 1, -1))
    r, w, k, v, a, g = (x + (previous - x) * (1 - fraction) for fraction in ours.shift.fraction)

    def low_rank(layer: nn.Module, low: Tensor) -> Tensor:
        return low @ layer.up.weight.T

    d = low_rank(ours.to_decay, torch.tanh(w @ ours.to_decay.down.weight.T)) + ours.to_decay.bias
    decay = torch.exp(-torch.exp(torch.tensor(-0.5, dtype=torch.float64)) * d.sigmoid())
    rate = (low_rank(ours.to_rate, a @ ours.to_rate.down.weight.T) + ours.to_rate.bias).sigmoid()
    gate = low_rank(ours.to_gate, (g @ ours.to_gate.down.weight.T).sigmoid())
    r, k, v = ours.to_r(r), ours.to_k(k), ours.to_v(v)
    kappa = heads(k * ours.removal_gain, num_heads)
    kappa = kappa / kappa.norm(dim=-1, keepdim=True)
    # k (1 - alpha + a alpha): the replacement rate interpolates between the key and the key times a.
    replaced = heads(k * (1 - ours.replacement_gain + rate * ours.replacement_gain), num_heads)
    r, v, decay, rate = (heads(part, num_heads) for part in (r, v, decay, rate))
    state, outputs = x.new_zeros(len(x), num_heads, width, width), []
    for t in range(x.shape[1]):
        removal = kappa[:, :, t, :, None] * (rate * kappa)[:, :, t, None, :]
        state = state @ (torch.diag_embed(decay[:, :, t]) - removal)
        state = state + v[:, :, t, :, None] * replaced[:, :, t, None, :]
        outputs.append((state @ r[:, :, t, :, None])[..., 0])
    o = torch.stack(outputs, dim=2)
    o = (o - o.mean(-1, keepdim=True)) / (o.var(-1, correction=0, keepdim=True) + width * 1e-5).sqrt()
    o = o.transpose(1, 2).flatten(2) * ours.norm_weight + ours.norm_bias
    own = (r * replaced * ours.bonus[:, None]).sum(-1, keepdim=True) * v
    return ours.to_out((o + own.transpose(1, 2).flatten(2)) * gate)


def test_rwkv7_is_its_recurrence() -> None:
    ours = built(RWKV7(num_heads=2))
    assert_same_outputs_and_gradients(ours, lambda x: rwkv7_by_hand(ours, x, num_heads=2))


def test_rwkv7_that_writes_where_it_removes_is_the_delta_rule() -> None:
    """With no decay, one rate for all channels and k~ = a kappa: S_t = (I - a kappa kappa^T) S_{t-1} + a kappa v^T."""
    ours = built(RWKV7(num_heads=2))
    with torch.no_grad():
        ours.to_decay.bias.fill_(-torch.inf)
        ours.to_rate.up.weight.zero_()
        ours.to_rate.bias.fill_(0.0)  # a = 1/2 in every channel
        ours.removal_gain.fill_(1.0)
        ours.replacement_gain.fill_(0.0)
        ours.bonus.zero_()
        ours.shift.fraction.fill_(1.0)
        x = randn(2, LENGTH, D_MODEL)
        q, k, v = (heads(to(x), 2) for to in (ours.to_r, ours.to_k, ours.to_v))
        # k~ is k here, not a kappa: the delta rule gets the values that make the writes equal.
        size = k.norm(dim=-1, keepdim=True)
        o = delta_rule(q, k / size, 2 * size * v, torch.full_like(k[..., 0], 0.5)).transpose(1, 2).flatten(2)
        gate = ours.to_gate(x, torch.sigmoid)
        assert_same(ours(x), ours.to_out(ours._norm(o) * gate))


def test_rwkv4_with_a_decay_beyond_any_number_reads_only_the_token_and_the_one_before() -> None:
    x, found = randn(2, 9, D_MODEL), []
    for decay in (8.0, 1000.0):  # e^-2981 is 0 in float64 already; e^1000 itself is no number
        ours = built(RWKV4())
        with torch.no_grad():
            ours.decay.fill_(decay)
        found.append(ours(x))
    assert_same(found[1], found[0])
