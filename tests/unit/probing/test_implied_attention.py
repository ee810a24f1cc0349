"""The attention that recurrences imply, against its closed forms."""

import torch
from torch import Tensor

from icl_lab.models.mixers.attention import Attention
from icl_lab.models.mixers.base import MixerSpec, Site
from icl_lab.models.mixers.delta_net import DeltaNet
from icl_lab.models.mixers.gated_linear_attention import GatedLinearAttention
from icl_lab.models.mixers.h3 import H3
from icl_lab.models.mixers.linear_attention import LinearAttention
from icl_lab.models.mixers.mamba import Mamba
from icl_lab.models.mixers.mamba2 import Mamba2
from icl_lab.models.mixers.mamba3 import Mamba3
from icl_lab.models.mixers.s4_dplr import S4DPLR
from icl_lab.models.mixers.s4_mamba import S4Mamba
from icl_lab.models.mixers.s4d import S4D
from icl_lab.probing.activations import implied
from icl_lab.probing.activations.inner import inner_activations
from tests.unit.models.toys import assert_same, generator, randn, scramble

T = 6


def found_in(spec: MixerSpec) -> dict[str, Tensor]:
    mixer = spec.build(Site(16, 4, generator())).double().eval()
    scramble(mixer)
    found = inner_activations(mixer, randn(2, T, 16))
    return found | {name: value.detach() for name, value in mixer.named_parameters()}


def test_of_attention_is_the_softmax_of_scores_and_rows_sum_to_one() -> None:
    found = found_in(Attention(num_heads=4, positions="rotary"))
    scores = found["queries"] @ found["keys"].mT / 2.0
    hidden = torch.ones(T, T, dtype=torch.bool).triu(1)
    assert_same(found["attention"], scores.masked_fill(hidden, -torch.inf).softmax(-1))
    assert_same(found["attention"].sum(-1), torch.ones(2, 4, T, dtype=torch.float64))


def test_of_a_window_ends_with_the_window() -> None:
    weights = found_in(Attention(num_heads=4, window=2))["attention"]
    assert not weights.tril(-2).any()
    assert_same(weights.sum(-1), torch.ones(2, 4, T, dtype=torch.float64))


def test_of_normalised_linear_attention_has_rows_that_sum_to_one() -> None:
    found = found_in(LinearAttention(num_heads=4))
    products = (found["queries"] @ found["keys"].mT).tril()
    # 1e-6 is added to the divisor.
    assert_same(found["attention"], products / (products.sum(-1, keepdim=True) + 1e-6))


def test_of_gated_linear_attention_is_products_after_the_decays_between() -> None:
    found = found_in(GatedLinearAttention(num_heads=4))
    expected = torch.zeros(2, 4, T, T, dtype=torch.float64)
    for t in range(T):
        for s in range(t + 1):
            between = found["decay"][:, :, s + 1 : t + 1].prod(2)
            # Queries are divided by the root of the width of keys, which is 2.
            expected[:, :, t, s] = (found["queries"][:, :, t] * between * found["keys"][:, :, s]).sum(-1) / 2**0.5
    assert_same(found["attention"], expected)


def test_of_mamba_is_equation_10_of_ali_et_al() -> None:
    found = found_in(Mamba())
    expected = torch.zeros(2, 32, T, T, dtype=torch.float64)
    for t in range(T):
        for s in range(t + 1):
            between = found["decay"][:, s + 1 : t + 1].prod(1)
            written = found["dt"][:, s, :, None] * found["keys"][:, s, None]
            expected[:, :, t, s] = (found["queries"][:, t, None] * between * written).sum(-1)
    assert_same(found["attention"], expected)


def test_of_mamba_2_has_one_decay_a_head() -> None:
    found = found_in(Mamba2(num_heads=4))
    products = (found["queries"] @ found["keys"].mT)[:, None]
    total = found["decay"].log().cumsum(-1)
    decays = (total[..., :, None] - total[..., None, :]).exp()
    expected = (products * decays * found["dt"][:, :, None]).tril()
    assert_same(found["attention"], expected)


def test_of_time_invariant_state_spaces_is_their_kernel() -> None:
    for spec in (S4D(), S4DPLR(), S4Mamba()):
        mixer = spec.build(Site(16, 4, generator())).double().eval()
        scramble(mixer)
        kernel = mixer.ssm.kernel(T)
        found = inner_activations(mixer, randn(2, T, 16))["attention"]
        for t in range(T):
            assert_same(found[:, :, t, : t + 1], kernel[: t + 1].flip(0).mT.expand(2, -1, -1))


def test_no_skip_is_in_what_is_read() -> None:
    # A skip counts for what a mixer gives, and for nothing that its heads read.
    for spec in (Mamba(), Mamba2(num_heads=4), Mamba3(num_heads=4), S4D(), S4DPLR(), S4Mamba(), H3(d_head=4)):
        mixer, x = spec.build(Site(16, 4, generator())).double().eval(), randn(2, T, 16)
        scramble(mixer)
        skip = mixer.ssm.D if hasattr(mixer, "ssm") else mixer.D
        attention, given = inner_activations(mixer, x)["attention"], mixer(x)
        with torch.no_grad():
            skip += 1.0
        assert_same(inner_activations(mixer, x)["attention"], attention)
        assert (mixer(x) - given).abs().max() > 1e-3


def test_of_the_delta_rule_is_a_product_of_householder_like_matrices() -> None:
    found = found_in(DeltaNet(num_heads=4, gated=True))
    q, k, rate, decay = (found[name] for name in ("queries", "keys", "rate", "decay"))
    expected, eye = torch.zeros(2, 4, T, T, dtype=torch.float64), torch.eye(4, dtype=torch.float64)
    for s in range(T):
        stored = rate[:, :, s, None] * k[:, :, s]
        for t in range(s, T):
            if t > s:
                overwrite = eye - rate[:, :, t, None, None] * k[:, :, t, :, None] * k[:, :, t, None, :]
                stored = decay[:, :, t, None] * (overwrite @ stored[..., None])[..., 0]
            expected[:, :, t, s] = (q[:, :, t] * stored).sum(-1)
    assert_same(found["attention"], expected)


def test_is_the_same_read_a_few_tokens_at_a_time(monkeypatch) -> None:
    at_once = found_in(Mamba())["attention"]
    monkeypatch.setattr(implied, "TOGETHER", 1000)
    assert_same(found_in(Mamba())["attention"], at_once)
