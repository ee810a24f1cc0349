"""Our attention stack is GPT-2's: outputs and every gradient, with copied weights, against `transformers`."""

import math
from typing import Literal

import pytest
import torch
from torch import Tensor
from transformers import GPT2Config, GPT2Model

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.models.heads import heads_of
from icl_lab.models.mixers.attention import Attention, AttentionMixer
from icl_lab.models.mixers.base import Site
from icl_lab.models.network import Network
from icl_lab.models.presets.transformer import Transformer
from tests.unit.models.toys import ToyTask, assert_same, generator, randn, scramble

D_MODEL, NUM_HEADS, NUM_LAYERS, NUM_POSITIONS = 24, 4, 3, 14
Positions = Literal["none", "rotary"]


def gpt2() -> GPT2Model:
    config = GPT2Config(
        n_embd=D_MODEL,
        n_layer=NUM_LAYERS,
        n_head=NUM_HEADS,
        n_positions=NUM_POSITIONS,
        vocab_size=1,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        use_cache=False,
        attn_implementation="eager",
    )
    return GPT2Model(config).double()


def counterparts(ours: Network, theirs: GPT2Model) -> list[tuple[Tensor, Tensor, bool]]:
    """Our parameter, theirs, and whether theirs is transposed (GPT-2 stores maps as inputs by outputs)."""
    pairs = [(ours.positions, theirs.wpe.weight, False)]
    norms = [
        (block.norm, name) for block, name in zip(ours.backbone.blocks, ("ln_1", "ln_2") * NUM_LAYERS, strict=True)
    ]
    for index, (norm, name) in enumerate(norms):
        peer = getattr(theirs.h[index // 2], name)
        pairs += [(norm.weight, peer.weight, False), (norm.bias, peer.bias, False)]
    for index, layer in enumerate(theirs.h):
        attention, mlp = (block.mixer for block in ours.backbone.blocks[2 * index : 2 * index + 2])
        for mine, peer in (
            (attention.to_qkv, layer.attn.c_attn),
            (attention.to_out, layer.attn.c_proj),
            (mlp.widen, layer.mlp.c_fc),
            (mlp.narrow, layer.mlp.c_proj),
        ):
            pairs += [(mine.weight, peer.weight, True), (mine.bias, peer.bias, False)]
    final = ours.backbone.final_norm
    return [*pairs, (final.weight, theirs.ln_f.weight, False), (final.bias, theirs.ln_f.bias, False)]


def test_transformer_is_gpt2() -> None:
    preset = Transformer(d_model=D_MODEL, num_layers=NUM_LAYERS, num_heads=NUM_HEADS, num_positions=NUM_POSITIONS)
    ours, theirs = preset.build(ToyTask(), Stream(0)).double(), gpt2()
    scramble(ours)
    pairs = counterparts(ours, theirs)
    assert len(pairs) == len(list(ours.backbone.parameters())) + 1
    with torch.no_grad():
        for mine, peer, transposed in pairs:
            peer.copy_(mine.T if transposed else mine)
    x, y, cotangent = randn(2, 11, D_MODEL), randn(2, 11, D_MODEL), randn(2, 11, D_MODEL, seed=1)
    mine = ours.backbone(x.requires_grad_() + ours.positions[:11])
    peer = theirs(inputs_embeds=y.requires_grad_()).last_hidden_state
    assert_same(mine, peer)
    (mine * cotangent).sum().backward()
    (peer * cotangent).sum().backward()
    assert_same(x.grad, y.grad)
    for mine, peer, transposed in pairs:
        assert_same(mine.grad, peer.grad.T if transposed else peer.grad)


def test_gpt2_initialisation_scales_residual_projections_by_depth() -> None:
    network = Transformer(d_model=256, num_layers=8).build(ToyTask(), Stream(0))
    blocks = network.backbone.blocks
    attention, mlp = blocks[0].mixer, blocks[1].mixer
    # 65,536 draws or more: the standard error of a standard deviation is below 0.3%; 2% is seven of them.
    for weight, std in (
        (attention.to_qkv.weight, 0.02),
        (mlp.widen.weight, 0.02),
        (attention.to_out.weight, 0.02 / math.sqrt(16)),
        (mlp.narrow.weight, 0.02 / math.sqrt(16)),
    ):
        assert weight.std().item() == pytest.approx(std, rel=0.02)
    assert all(not layer.bias.any() for layer in (attention.to_qkv, attention.to_out, mlp.widen, mlp.narrow))


def test_torch_initialisation_is_uniform_and_not_scaled_by_depth() -> None:
    mixer = Attention().build(Site(64, depth=24, generator=generator()))
    for layer in (mixer.to_qkv, mixer.to_out):
        assert layer.weight.abs().max().item() == pytest.approx(1 / 8, rel=0.01)  # the largest of 4,096 draws or more
        assert not layer.bias.any()


def test_without_positions_attention_does_not_see_the_order_of_earlier_tokens() -> None:
    mixer = Attention(num_heads=2).build(Site(8, 2, generator())).double()
    x = randn(1, 6, 8)
    shuffled = x[:, [3, 0, 4, 1, 2, 5]]
    assert_same(mixer(shuffled)[:, 5], mixer(x)[:, 5])
    rotary = Attention(num_heads=2, positions="rotary").build(Site(8, 2, generator())).double()
    assert (rotary(shuffled)[:, 5] - rotary(x)[:, 5]).abs().max() > 1e-3


def masked_softmax(mixer: AttentionMixer, x: Tensor, window: int | None) -> Tensor:
    """Scores of all pairs, those that are not seen left out; rotary positions by complex numbers."""
    t, c = x.shape[1], D_MODEL // NUM_HEADS
    q, k, v = (part.unflatten(-1, (NUM_HEADS, c)).transpose(1, 2) for part in mixer.to_qkv(x).chunk(3, dim=-1))
    if mixer.rotary:
        rates = 10_000.0 ** (-torch.arange(c // 2, dtype=torch.float64) / (c // 2))
        turn = torch.polar(torch.ones(t, c // 2).double(), torch.arange(t)[:, None] * rates)
        q, k = (torch.complex(part[..., : c // 2], part[..., c // 2 :]) * turn for part in (q, k))
    distance = torch.arange(t)[:, None] - torch.arange(t)
    unseen = (distance < 0) | (distance >= (window or t))
    scores = (q @ k.mH).real if mixer.rotary else q @ k.mT
    weights = (scores / math.sqrt(c)).masked_fill(unseen, -math.inf).softmax(-1)
    return mixer.to_out((weights @ v).transpose(1, 2).flatten(2))


@pytest.mark.parametrize("window", [None, 1, 2, 5, 11, 40])
@pytest.mark.parametrize("positions", ["none", "rotary"])
def test_equals_a_masked_softmax(positions: Positions, window: int | None) -> None:
    spec = Attention(num_heads=NUM_HEADS, positions=positions, window=window)
    mixer = spec.build(Site(D_MODEL, 2, generator())).double()
    scramble(mixer)
    x, cotangent, gradients = randn(2, 11, D_MODEL).requires_grad_(), randn(2, 11, D_MODEL, seed=1), []
    outputs = mixer(x), masked_softmax(mixer, x, window)
    assert_same(*outputs)
    for output in outputs:
        gradients.append(torch.autograd.grad(output, (x, *mixer.parameters()), cotangent, retain_graph=True))
    for ours, theirs in zip(*gradients, strict=True):
        assert_same(ours, theirs, scale=10.0)


@pytest.mark.parametrize("positions", ["none", "rotary"])
def test_a_full_window_grows_no_more_and_is_still_right(positions: Positions) -> None:
    mixer = Attention(num_heads=NUM_HEADS, positions=positions, window=3).build(Site(D_MODEL, 2, generator())).double()
    x, state, sizes = randn(2, 9, D_MODEL), mixer.initial_state(2), []
    for t in range(9):
        output, state = mixer.step(x[:, t], state)
        assert_same(output, masked_softmax(mixer, x[:, : t + 1], 3)[:, t])
        sizes.append(state["keys"].shape[2])
    assert sizes == [1, 2, 3, 3, 3, 3, 3, 3, 3]


@pytest.mark.parametrize(
    ("d_model", "num_heads"), [(256, 8), (64, 2), (32, 1), (8, 1), (128, 4), (48, 2), (75, 3), (73, 1)]
)
def test_heads_are_as_nearly_32_wide_as_the_width_allows(d_model: int, num_heads: int) -> None:
    assert heads_of("attention", d_model, None) == num_heads


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(
        UserError, match="num_heads: expected a divisor of d_model=20, got 8; take one of 1, 2, 4, 5, 10"
    ):
        Attention(num_heads=8).build(Site(20, 2, generator()))
    with pytest.raises(UserError, match="rotary wants an even"):
        Attention(num_heads=4, positions="rotary").build(Site(12, 2, generator()))
