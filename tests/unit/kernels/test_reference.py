"""The plain forms: against closed forms, against each other in float64, and their step forms."""

import pytest
import torch
from torch.nn import functional as F

from icl_lab.kernels import reference, vectorised
from tests.unit.kernels.problems import (
    assert_close,
    cast,
    convolution_inputs,
    inner_inputs,
    outputs_and_gradients,
    relative_error,
    scan_inputs,
)

SAME_SUM = 1e-10  # float64: the same sums in another order, over at most a hundred tokens


@pytest.mark.parametrize("kernels", [reference, vectorised])
def test_a_scan_with_constant_input_is_a_geometric_sum(kernels):
    steps, rate, dt = 7, -0.3, 0.5
    ones = torch.ones(1, steps, 1, dtype=torch.float64)
    A = torch.tensor([[rate]], dtype=torch.float64)
    y = kernels.selective_scan(ones, dt * ones, A, 2 * ones, 3 * ones, softplus=False)
    decay = torch.exp(torch.tensor(rate * dt, dtype=torch.float64))
    expected = 3 * dt * 2 * (1 - decay ** torch.arange(1, steps + 1)) / (1 - decay)
    assert relative_error(y[0, :, 0], expected) < SAME_SUM


@pytest.mark.parametrize("kernels", [reference, vectorised])
@pytest.mark.parametrize("width", range(1, 9))
def test_a_causal_convolution_is_torchs_with_padding_on_the_left(kernels, width):
    given = cast(convolution_inputs(2, 11, 3, width), torch.float64)
    padded = F.pad(given["x"].mT, (width - 1, 0))
    expected = F.silu(F.conv1d(padded, given["weight"][:, None], given["bias"], groups=3)).mT
    assert relative_error(kernels.causal_conv1d(given["x"], given["weight"], given["bias"]), expected) < SAME_SUM


@pytest.mark.parametrize("num_tokens", [1, 2, 65])
@pytest.mark.parametrize("softplus", [True, False])
def test_the_two_scans_agree_in_float64(num_tokens, softplus):
    given = cast(scan_inputs(3, num_tokens, 5, 4), torch.float64)
    if not softplus:
        given["dt"] = given["dt"].abs() * 0.1
        del given["dt_bias"]
    plain, fast = (
        outputs_and_gradients(kernels, "selective_scan", given, return_state=True, softplus=softplus)
        for kernels in (reference, vectorised)
    )
    assert_close(fast, plain, SAME_SUM)


@pytest.mark.parametrize("width", [1, 4, 8])
@pytest.mark.parametrize("num_tokens", [1, 2, 9])
def test_the_two_convolutions_agree_in_float64(num_tokens, width):
    given = cast(convolution_inputs(3, num_tokens, 5, width), torch.float64)
    plain, fast = (
        outputs_and_gradients(kernels, "causal_conv1d", given, return_state=True) for kernels in (reference, vectorised)
    )
    assert_close(fast, plain, SAME_SUM)


def test_the_two_inner_blocks_agree_in_float64():
    given = cast(inner_inputs(2, 9, 6, 4), torch.float64)
    plain, fast = (outputs_and_gradients(kernels, "mamba_inner", given) for kernels in (reference, vectorised))
    assert_close(fast, plain, SAME_SUM)


def test_the_vectorised_scan_has_correct_second_derivatives():
    given = cast(scan_inputs(1, 3, 2, 2), torch.float64)
    leaves = {name: tensor.requires_grad_() for name, tensor in given.items()}

    def scan(*tensors):
        return vectorised.selective_scan(**dict(zip(leaves, tensors, strict=True)), return_state=True)

    assert torch.autograd.gradgradcheck(scan, tuple(leaves.values()))


def test_half_precision_inputs_are_computed_in_float32():
    given = cast(scan_inputs(2, 20, 4, 4), torch.bfloat16)
    y, state = vectorised.selective_scan(**given, return_state=True)
    wide, wide_state = vectorised.selective_scan(**cast(given, torch.float32), return_state=True)
    assert y.dtype == torch.bfloat16
    assert state.dtype == torch.float32
    assert torch.equal(y, wide.bfloat16())
    assert torch.equal(state, wide_state)
