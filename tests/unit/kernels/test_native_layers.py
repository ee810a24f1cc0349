"""The native attention, feed-forward network and norms against float64, wherever a loop has an edge."""

import pytest
import torch
from torch.nn import functional as F

from icl_lab.kernels import library, native_layers, reference_layers, vectorised_layers
from tests.unit.kernels.layer_problems import attention_inputs, mlp_inputs, norm_inputs, packed
from tests.unit.kernels.problems import (
    assert_close,
    assert_close_or_ill_conditioned,
    cast,
    needs_native,
    outputs_and_gradients,
)

FLOAT32 = 2e-6  # thirty roundings of float32; PyTorch's own attention reaches 7e-7 on such problems
BFLOAT16 = 2e-2  # inputs are the same, so this is the rounding of stored results
SAME_SUM = 1e-10  # float64: the same sums in another order


def compare(operation, given, tolerance, dtype=torch.float32, **settings):
    """Native against the formulas in float64, on the same rounded inputs."""
    rounded = cast(given, dtype)
    expected = outputs_and_gradients(reference_layers, operation, cast(rounded, torch.float64), **settings)
    found = outputs_and_gradients(native_layers, operation, rounded, **settings)
    assert all(tensor.dtype == dtype for tensor in found.values())

    def plain():
        return outputs_and_gradients(vectorised_layers, operation, rounded, **settings)

    assert_close_or_ill_conditioned(found, expected, plain, tolerance)


@needs_native
@pytest.mark.parametrize("num_tokens", [1, 2, 5, 31, 32, 33, 63, 64, 65, 300])
def test_attention_at_every_edge_of_a_block_and_of_a_vector(num_tokens):
    for num_heads, d_head in ((1, 16), (3, 5), (2, 32), (1, 33), (2, 1), (1, 64)):
        compare("causal_attention", attention_inputs(2, num_tokens, num_heads, d_head), FLOAT32)


@needs_native
@pytest.mark.parametrize("window", [1, 2, 7, 8, 9, 16, 40, 65, 1000])
def test_attention_through_a_window(window):
    for num_tokens in (1, 33, 65, 81):
        compare("causal_attention", attention_inputs(2, num_tokens, 2, 5), FLOAT32, window=window)


@needs_native
@pytest.mark.parametrize("spread", [0.0, 1e-3, 10.0, 1e3])
def test_attention_with_scores_that_are_all_alike_or_far_apart(spread):
    # At 1e3 every softmax has one weight of 1, and gradients of q and k are rounding: hence PyTorch's own error.
    compare("causal_attention", attention_inputs(2, 40, 2, 16, spread=spread), FLOAT32)


@needs_native
def test_attention_in_which_two_tokens_tie_at_a_huge_score_stays_finite():
    given = attention_inputs(1, 20, 1, 8)
    given["q"], given["k"] = torch.full_like(given["q"], 1e15), torch.full_like(given["k"], 1e15)
    y = native_layers.causal_attention(**given)
    # Equal scores: the mean of all values so far.
    counts = torch.arange(1, 21)[None, :, None, None]
    assert torch.allclose(y, given["v"].cumsum(1) / counts, rtol=1e-5, atol=1e-6)


@needs_native
def test_attention_in_bfloat16():
    compare("causal_attention", attention_inputs(2, 81, 2, 16), BFLOAT16, torch.bfloat16)
    compare("causal_self_attention", packed(attention_inputs(2, 81, 2, 32)), BFLOAT16, torch.bfloat16)


@needs_native
def test_attention_sees_nothing_of_the_future():
    given = {name: x.requires_grad_() for name, x in attention_inputs(1, 50, 2, 16).items()}
    y = native_layers.causal_attention(**given)
    y[:, 30].sum().backward()
    for name in ("k", "v"):
        assert given[name].grad[:, 31:].eq(0).all()
        assert given[name].grad[:, :31].ne(0).any(dim=(0, 2, 3)).all()
    future = {name: x.detach().clone() for name, x in given.items()}
    for x in future.values():
        x[:, 31:] = 1e4
    assert torch.equal(native_layers.causal_attention(**future)[:, :31], y[:, :31])


@needs_native
def test_one_tensor_of_queries_keys_and_values_gives_the_same_bytes():
    given = attention_inputs(2, 37, 3, 5)
    apart = outputs_and_gradients(native_layers, "causal_attention", given)
    together = outputs_and_gradients(native_layers, "causal_self_attention", packed(given))
    assert torch.equal(together["output 0"], apart["output 0"])
    grads = torch.stack([apart[f"gradient of {name}"] for name in "qkv"], dim=2)
    assert torch.equal(together["gradient of qkv"], grads)


@needs_native
def test_long_sequences_are_left_to_torch(monkeypatch):
    monkeypatch.setattr(native_layers, "MAX_TOKENS", 32)
    for window in (None, 5):
        compare("causal_attention", attention_inputs(1, 33, 2, 4), FLOAT32, window=window)
        compare("causal_self_attention", packed(attention_inputs(1, 33, 2, 4)), FLOAT32, window=window)


@needs_native
@pytest.mark.parametrize("num_rows", [1, 2, 5, 63, 64, 65, 300])
def test_the_feed_forward_network(num_rows):
    for channels, hidden, outputs in ((1, 1, 1), (5, 7, 3), (16, 64, 16), (33, 100, 33)):
        compare("gelu_mlp", mlp_inputs(num_rows, channels, hidden, outputs), FLOAT32)


@needs_native
def test_the_feed_forward_network_in_bfloat16():
    compare("gelu_mlp", mlp_inputs(65, 12, 40, 12), 2 * BFLOAT16, torch.bfloat16)  # the hidden layer is rounded too


@needs_native
def test_the_feed_forward_network_without_gradients_gives_the_same_bytes():
    given = mlp_inputs(65, 12, 40, 12)
    expected = outputs_and_gradients(native_layers, "gelu_mlp", given)["output 0"]
    assert torch.equal(native_layers.gelu_mlp(**given), expected)


@needs_native
@pytest.mark.parametrize("size", [1e-3, 30.0])
def test_the_gelu_where_it_is_a_parabola_and_where_it_is_flat(size):
    given = mlp_inputs(50, 20, 16, 4)
    given["x"] *= size
    compare("gelu_mlp", given, FLOAT32)


@needs_native
@pytest.mark.parametrize("num_rows", [1, 2, 5, 63, 64, 65, 300])
@pytest.mark.parametrize("operation", ["layer_norm", "rms_norm"])
def test_norms(operation, num_rows):
    for channels in (2, 5, 16, 33, 128):
        given = norm_inputs(num_rows, channels, layer=operation == "layer_norm")
        compare(operation, given, FLOAT32, epsilon=1e-5)
        compare(operation, given, BFLOAT16, torch.bfloat16, epsilon=1e-5)


@needs_native
@pytest.mark.parametrize("operation", ["layer_norm", "rms_norm"])
def test_a_norm_of_rows_that_are_all_zero_or_all_alike_is_finite(operation):
    for rows in (torch.zeros(3, 20), torch.full((3, 20), 7.0)):
        given = norm_inputs(3, 20, layer=operation == "layer_norm") | {"x": rows}
        results = outputs_and_gradients(native_layers, operation, given, epsilon=1e-5)
        assert all(result.isfinite().all() for result in results.values())


@needs_native
@pytest.mark.parametrize("instruction_set", library.INSTRUCTION_SETS)
def test_every_instruction_set_computes_the_same_layers(instruction_set):
    with library.limited_to(instruction_set) as present:
        if not present:
            pytest.skip(f"this machine has no {instruction_set}")
        for window in (None, 7):
            compare("causal_attention", attention_inputs(2, 65, 2, 21), FLOAT32, window=window)
        compare("causal_attention", attention_inputs(2, 33, 2, 8), BFLOAT16, torch.bfloat16)
        compare("gelu_mlp", mlp_inputs(65, 12, 21, 5), FLOAT32)
        compare("layer_norm", norm_inputs(9, 21, layer=True), FLOAT32, epsilon=1e-5)
        compare("rms_norm", norm_inputs(9, 21, layer=False), FLOAT32, epsilon=1e-5)


def test_the_formulas_are_torchs_own_operations():
    given = cast(attention_inputs(2, 9, 2, 4), torch.float64)
    for window in (None, 3):
        plain, fast = (
            outputs_and_gradients(kernels, "causal_attention", given, window=window)
            for kernels in (reference_layers, vectorised_layers)
        )
        assert_close(fast, plain, SAME_SUM)
    mlp = cast(mlp_inputs(9, 4, 8, 3), torch.float64)
    layer = cast(norm_inputs(9, 6, layer=True), torch.float64)
    rms = cast(norm_inputs(9, 6, layer=False), torch.float64)
    for operation, tensors, settings in (
        ("gelu_mlp", mlp, {}),
        ("layer_norm", layer, {"epsilon": 1e-5}),
        ("rms_norm", rms, {"epsilon": 1e-5}),
    ):
        plain, fast = (
            outputs_and_gradients(kernels, operation, tensors, **settings)
            for kernels in (reference_layers, vectorised_layers)
        )
        assert_close(fast, plain, SAME_SUM)


@needs_native
def test_autocast_runs_the_products_in_bfloat16_and_leaves_parameters_in_float32():
    given = {name: x.requires_grad_() for name, x in mlp_inputs(20, 12, 40, 12).items()}
    with torch.autocast("cpu", torch.bfloat16):
        y = native_layers.gelu_mlp(**given)
        expected = vectorised_layers.gelu_mlp(**given)
    assert y.dtype == expected.dtype == torch.bfloat16
    y.float().sum().backward()
    assert all(x.grad.dtype == torch.float32 for x in given.values())
    # Both round the hidden layer to 8 bits, one before its bias is added and one after.
    assert F.l1_loss(y.float(), expected.float()) < BFLOAT16
