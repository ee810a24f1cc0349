"""MesaNet against direct solves in every token, and against our ridge regression on prompts; float64."""

import torch
from torch import Tensor, nn

from icl_lab.baselines.ridge import Ridge
from icl_lab.models.mixers.mesa import Mesa, ridge_predictions
from tests.unit.models.mixer_oracles import D_MODEL, LENGTH, assert_same_outputs_and_gradients, built, heads
from tests.unit.models.toys import assert_same, randn


def test_mesa_solves_its_equations_in_every_token() -> None:
    ours = built(Mesa(num_heads=2))

    def by_hand(x: Tensor) -> Tensor:
        padded = nn.functional.pad(ours.to_qk(x).mT, (3, 0))
        qk = nn.functional.silu(nn.functional.conv1d(padded, ours.conv.weight[:, None], groups=2 * D_MODEL)).mT
        q, k = (heads(part, 2) for part in qk.chunk(2, dim=-1))
        q, k = (part / (part.square().sum(-1, keepdim=True) + 1e-6).sqrt() for part in (q, k))
        v, rate, keep = heads(ours.to_v(x), 2), ours.to_rate(x).sigmoid(), ours.to_keep(x).sigmoid()
        charge = torch.diag_embed((nn.functional.softplus(ours.raw_ridge) + 0.25).reshape(2, 8))
        moments, memory, outputs = x.new_zeros(2, 2, 8, 8), x.new_zeros(2, 2, 8, 8), []
        for t in range(x.shape[1]):
            key, decay = k[:, :, t, :, None], keep[:, t, :, None, None]
            weighted = rate[:, t, :, None, None] * key
            moments = decay * moments + weighted @ key.mT
            memory = decay * memory + weighted @ v[:, :, t, None, :]
            solution = torch.linalg.solve(moments + charge, q[:, :, t, :, None])
            outputs.append((memory.mT @ solution)[..., 0])
        o = torch.stack(outputs, dim=2)
        o = o / (o.square().mean(-1, keepdim=True) + 1e-5).sqrt() * ours.norm.weight
        return ours.to_out(o.transpose(1, 2).flatten(2))

    assert_same_outputs_and_gradients(ours, by_hand)


def test_mesa_is_ridge_regression_on_an_interleaved_prompt() -> None:
    """Tokens x_1, y_1, x_2, y_2, ...; identity maps: keys are the previous token, values the label, queries x."""
    dim, length, strength = 5, 12, 0.3
    xs, ys = randn(3, length, dim), randn(3, length, seed=1)
    labels = nn.functional.pad(ys[..., None], (0, dim - 1))
    tokens = torch.stack([xs, labels], dim=2).flatten(1, 2)[:, None]
    previous = nn.functional.pad(tokens, (0, 0, 1, -1))
    is_label = (torch.arange(2 * length) % 2).double().expand(3, 1, -1)
    o, _, _ = ridge_predictions(
        q=tokens,
        k=previous,
        v=tokens[..., :1],
        rate=is_label,
        log_decay=torch.zeros_like(is_label),
        ridge=torch.full((1, dim), strength, dtype=torch.float64),
        moments=torch.zeros(3, 1, dim, dim).double(),
        memory=torch.zeros(3, 1, dim, 1).double(),
    )
    shown = range(length)
    expected = Ridge(strength=strength).predict_examples(xs, ys, xs, shown)
    assert_same(o[:, 0, ::2, 0], expected)


def test_mesa_in_float32_is_as_exact_as_float32_is() -> None:
    q, k, v = (nn.functional.normalize(randn(2, 2, 300, 16, seed=seed), dim=-1) for seed in range(3))
    rate, log_decay = torch.ones(2, 2, 300).double(), torch.zeros(2, 2, 300).double()
    ridge, nothing = torch.full((2, 16), 0.25).double(), torch.zeros(2, 2, 16, 16).double()
    arguments = (q, k, v, rate, log_decay, ridge, nothing, nothing)
    exact, narrow = (
        ridge_predictions(*(part.to(dtype) for part in arguments))[0] for dtype in (torch.double, torch.float)
    )
    # Float32 rounding (6e-8) times the condition number of H + lambda, about (300 / 16 + 0.25) / 0.25 = 76.
    assert (narrow - exact).abs().max() < 76 * 6e-8 * exact.abs().max()


def test_mesa_is_finite_in_bfloat16() -> None:
    ours = built(Mesa(num_heads=2)).bfloat16()
    output = ours(randn(2, LENGTH, D_MODEL).bfloat16())
    output.sum().backward()
    assert output.isfinite().all()
    assert output.dtype == torch.bfloat16
    assert all(weight.grad.isfinite().all() for weight in ours.parameters())
