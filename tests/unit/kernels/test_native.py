"""The native kernels against float64: every output and gradient, wherever a loop has an edge."""

import itertools

import pytest
import torch

from icl_lab.kernels import library, native, vectorised
from tests.unit.kernels.problems import (
    assert_close,
    assert_close_or_ill_conditioned,
    cast,
    convolution_inputs,
    inner_inputs,
    needs_native,
    outputs_and_gradients,
    scan_inputs,
)

pytestmark = needs_native

FLOAT32 = 2e-6  # thirty roundings of float32; PyTorch's own float32 loop reaches 1.9e-6 on such problems
MATRIX_PRODUCTS = 4e-6  # two float32 matrix products more
BFLOAT16 = 2e-2  # inputs are the same, so this is the rounding of stored results, of which gradients take several


def compare_scan(given, tolerance, dtype=torch.float32, **settings):
    def run(kernels, precision):
        tensors = cast(cast(given, dtype), precision)
        return outputs_and_gradients(kernels, "selective_scan", tensors, return_state=True, **settings)

    expected = run(vectorised, torch.float64)
    assert_close_or_ill_conditioned(run(native, dtype), expected, lambda: run(vectorised, dtype), tolerance)


@pytest.mark.parametrize("num_tokens", [1, 2, 5, 16, 17, 63, 64, 65])
@pytest.mark.parametrize("batch", [1, 3])
def test_scan_at_every_edge_of_a_chunk_and_of_a_vector(batch, num_tokens):
    for channels, d_state in ((5, 4), (16, 8), (33, 16), (17, 32), (3, 1), (20, 7)):
        compare_scan(scan_inputs(batch, num_tokens, channels, d_state), FLOAT32)


@pytest.mark.parametrize("d_state", [1, 16])
def test_scan_over_a_long_sequence(d_state):
    compare_scan(scan_inputs(1, 600, 19, d_state), FLOAT32)


@pytest.mark.parametrize("instruction_set", library.INSTRUCTION_SETS)
def test_every_instruction_set_computes_the_same(instruction_set):
    with library.limited_to(instruction_set) as present:
        if not present:
            pytest.skip(f"this machine has no {instruction_set}")
        assert library.instruction_set() == instruction_set
        compare_scan(scan_inputs(2, 65, 21, 12), FLOAT32)
        compare_scan(scan_inputs(2, 33, 21, 12), BFLOAT16, torch.bfloat16)
        compare_convolution(convolution_inputs(2, 65, 21, 4), FLOAT32)
        compare_inner(inner_inputs(2, 33, 21, 12))


@pytest.mark.parametrize(
    ("dt_mean", "decay"),
    [
        (-12.0, 1.0),  # a state that hardly decays
        (-14.0, 1e-3),  # and one that does not
        (30.0, 8.0),  # steps so long that nothing is left of the past
        (5.0, 1e4),  # exponents beyond any float
        (-4.0, 0.0),  # a sum
    ],
)
def test_scan_with_extreme_steps_and_decays(dt_mean, decay):
    compare_scan(scan_inputs(2, 70, 18, 4, dt_mean=dt_mean, decay=decay), FLOAT32)


def test_scan_with_growing_states():
    given = scan_inputs(2, 20, 18, 4)
    given["A"] = -given["A"] / 8
    compare_scan(given, FLOAT32)


@pytest.mark.parametrize("present", list(itertools.product([True, False], repeat=4)))
def test_every_option_of_the_scan_can_be_left_out(present):
    given = scan_inputs(2, 18, 5, 4)
    for name, keep in zip(("D", "z", "dt_bias", "initial_state"), present, strict=True):
        if not keep:
            del given[name]
    compare_scan(given, FLOAT32)


def test_step_sizes_need_no_softplus():
    given = scan_inputs(2, 18, 5, 4)
    given["dt"] = given["dt"].abs() * 0.2
    del given["dt_bias"]
    compare_scan(given, FLOAT32, softplus=False)


@pytest.mark.parametrize("channels", [1, 16, 600])  # 600 channels: several groups of blocks, whose dB and dC are added
def test_scan_at_unusual_widths(channels):
    compare_scan(scan_inputs(2, 17, channels, 4), FLOAT32)


def test_scan_of_more_prompts_than_groups():
    compare_scan(scan_inputs(35, 4, 16, 4), FLOAT32)


def test_scan_in_bfloat16():
    compare_scan(scan_inputs(2, 40, 20, 16), BFLOAT16, torch.bfloat16)


def compare_convolution(given, tolerance, dtype=torch.float32, **settings):
    rounded = cast(given, dtype)
    expected = outputs_and_gradients(
        vectorised, "causal_conv1d", cast(rounded, torch.float64), return_state=True, **settings
    )
    found = outputs_and_gradients(native, "causal_conv1d", rounded, return_state=True, **settings)
    assert_close(found, expected, tolerance)


@pytest.mark.parametrize("width", range(1, 9))
@pytest.mark.parametrize("batch", [1, 3])
def test_convolution_of_every_width(batch, width):
    for num_tokens, channels in ((1, 5), (2, 16), (31, 17), (32, 3), (33, 40), (65, 16)):
        compare_convolution(convolution_inputs(batch, num_tokens, channels, width), FLOAT32)


@pytest.mark.parametrize("silu", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("initial_state", [True, False])
def test_every_option_of_the_convolution_can_be_left_out(silu, bias, initial_state):
    given = convolution_inputs(2, 18, 5, 4)
    for name, keep in (("bias", bias), ("initial_state", initial_state)):
        if not keep:
            del given[name]
    compare_convolution(given, FLOAT32, silu=silu)


def test_convolution_in_bfloat16():
    compare_convolution(convolution_inputs(2, 40, 20, 4), BFLOAT16, torch.bfloat16)


def compare_inner(given, conv_bias=True):
    settings = {}
    if not conv_bias:
        del given["conv_bias"]
        settings["conv_bias"] = None
    expected = outputs_and_gradients(vectorised, "mamba_inner", cast(given, torch.float64), **settings)
    assert_close(outputs_and_gradients(native, "mamba_inner", given, **settings), expected, MATRIX_PRODUCTS)


@pytest.mark.parametrize(
    ("batch", "num_tokens", "channels", "d_state"),
    [(1, 1, 4, 1), (3, 65, 18, 4), (2, 40, 32, 16), (35, 4, 16, 4), (2, 17, 600, 4)],  # 600: several groups of channels
)
@pytest.mark.parametrize("conv_bias", [True, False])
def test_the_inner_block(batch, num_tokens, channels, d_state, conv_bias):
    compare_inner(inner_inputs(batch, num_tokens, channels, d_state), conv_bias)


def test_the_inner_block_in_bfloat16_keeps_parameters_in_float32():
    given = inner_inputs(2, 30, 20, 8)
    given["xz"] = given["xz"].bfloat16()
    expected = outputs_and_gradients(vectorised, "mamba_inner", given)
    found = outputs_and_gradients(native, "mamba_inner", given)
    assert found["output 0"].dtype == torch.bfloat16
    assert found["gradient of x_proj"].dtype == torch.float32
    # Both round every intermediate sequence to 8 bits, one in the middle of sums where the other does not.
    assert_close(found, expected, 2 * BFLOAT16)
