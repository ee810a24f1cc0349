"""What the native kernels promise beside being right: no stale memory, the same bytes, views, tracing."""

import subprocess
import sys

import pytest
import torch

from icl_lab.kernels import flops, native, native_convolution, native_inner, native_scan
from tests.unit.kernels.problems import (
    cast,
    convolution_inputs,
    inner_inputs,
    needs_native,
    outputs_and_gradients,
    scan_inputs,
)

pytestmark = needs_native

OPERATIONS = {
    "selective_scan": scan_inputs(3, 37, 18, 5),
    "causal_conv1d": convolution_inputs(3, 37, 18, 4),
    "mamba_inner": inner_inputs(3, 37, 18, 5),
}


@pytest.fixture
def poisoned_memory():
    """PyTorch fills every fresh tensor with NaN."""
    torch.use_deterministic_algorithms(True)
    assert torch.utils.deterministic.fill_uninitialized_memory
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_element_of_every_result_is_written(operation, dtype, poisoned_memory):
    assert torch.empty(4).isnan().all()
    results = outputs_and_gradients(native, operation, cast(OPERATIONS[operation], dtype))
    assert not any(result.isnan().any() for result in results.values())


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("batch", [1, 5])
def test_the_bytes_do_not_depend_on_the_number_of_threads(operation, batch):
    make = {"selective_scan": scan_inputs, "causal_conv1d": convolution_inputs, "mamba_inner": inner_inputs}[operation]
    given, before, results = make(batch, 40, 50, 4), torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3, 7):
            torch.set_num_threads(threads)
            results.append(outputs_and_gradients(native, operation, given))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(result[name], results[0][name]) for result in results for name in result)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_views_give_the_same_bytes_as_copies(operation):
    given = OPERATIONS[operation]
    spread = {name: x.repeat_interleave(2, -1)[..., ::2] for name, x in given.items()}
    sliced = {name: torch.cat([x, x], -1)[..., : x.shape[-1]] for name, x in given.items()}
    plain = outputs_and_gradients(native, operation, given)
    for views in (spread, sliced):
        assert not all(view.is_contiguous() for view in views.values())
        leaves = {name: view.requires_grad_() for name, view in views.items()}
        result = getattr(native, operation)(**leaves)
        assert torch.equal(result, plain["output 0"])


def test_a_gradient_that_is_expanded_from_one_number_is_understood():
    given = {name: x.clone().requires_grad_() for name, x in OPERATIONS["mamba_inner"].items()}
    native.mamba_inner(**given).sum().backward()
    summed = given["xz"].grad.clone()
    given["xz"].grad = None
    y = native.mamba_inner(**given)
    y.backward(torch.ones_like(y))
    assert torch.equal(given["xz"].grad, summed)


def arguments(operation, *, optional):
    """Arguments of the operators themselves, with and without the optional ones."""
    given = {name: x.clone().requires_grad_() for name, x in OPERATIONS[operation].items()}
    if operation == "selective_scan":
        tensors = [given[name] for name in ("u", "dt", "A", "B", "C")]
        options = [given[name] if optional else None for name in ("D", "z", "dt_bias", "initial_state")]
        return native_scan.scan_forward, (*tensors, *options, True, optional, True)
    if operation == "causal_conv1d":
        bias = given["bias"] if optional else None
        return native_convolution.convolution_forward, (given["x"], given["weight"], bias, optional)
    if not optional:
        given["conv_bias"] = None
    return native_inner.inner_forward, (*given.values(), True)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("optional", [True, False])
def test_opcheck(operation, optional):
    operator, given = arguments(operation, optional=optional)
    torch.library.opcheck(operator, given)


def test_tracing_knows_the_size_of_the_checkpoints():
    operator, given = arguments("selective_scan", optional=True)
    assert operator(*given)[2].shape == native_scan.checkpoint_shape(
        native_scan.problem(*(x.detach() if isinstance(x, torch.Tensor) else x for x in given[:10])), True
    )


@pytest.mark.parametrize("operation", OPERATIONS)
def test_flops_are_counted_forward_and_backward(operation):
    given = {name: x.clone().requires_grad_() for name, x in OPERATIONS[operation].items()}
    with torch.utils.flop_counter.FlopCounterMode(display=False) as counter:
        getattr(native, operation)(**given).sum().backward()
    tokens, channels, d_state, width, rank = 3 * 37, 18, 5, 4, 3
    scan = tokens * channels * d_state * (flops.SCAN_FORWARD + flops.SCAN_BACKWARD)
    convolution = 2 * tokens * channels * width * 4
    products = 3 * 2 * tokens * channels * (rank + 2 * d_state + rank)
    past = 2 * 3 * (width - 1) * channels * width * 4  # the convolution also runs over the inputs before the sequence
    expected = {
        "selective_scan": scan,
        "causal_conv1d": convolution + past,
        "mamba_inner": scan + convolution + products,
    }
    assert counter.get_total_flops() == expected[operation]


def test_nothing_is_kept_where_nothing_is_differentiated():
    given = OPERATIONS["selective_scan"]
    tensors = [given[name] for name in ("u", "dt", "A", "B", "C", "D", "z", "dt_bias", "initial_state")]
    y, state, kept = native_scan.scan_forward(*tensors, True, False, False)
    assert kept.numel() == state.numel() == 0
    assert torch.equal(y, native.selective_scan(**given))


@pytest.mark.parametrize("nan_in", ["u", "dt", "A", "z", "B", "C"])
def test_a_nan_goes_in_and_comes_out(nan_in):
    given = {name: x.clone() for name, x in OPERATIONS["selective_scan"].items()}
    given[nan_in].view(-1)[0] = torch.nan
    y = native.selective_scan(**given)
    assert y[0, 0, 0].isnan()
    assert not y[-1, :, -1].isnan().any()


COMPILED = """
import torch
from icl_lab import kernels

generator = torch.Generator().manual_seed(0)
shapes = (2, 9, 12), (6, 4), (6,), (3 + 8, 6), (6, 3), (6,), (6, 4), (6,)
given = [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]
compiled = torch.compile(lambda *given: kernels.mamba_inner(*given), fullgraph=True, backend="aot_eager")
found = compiled(*given)
found_grads = torch.autograd.grad(found.sum(), given)
expected = kernels.mamba_inner(*given)
assert kernels.backend_report().live == "native"
assert torch.equal(found, expected)
for x, y in zip(found_grads, torch.autograd.grad(expected.sum(), given), strict=True):
    assert torch.equal(x, y)
"""


def test_the_public_operation_compiles_into_one_graph():
    # In its own process: the checkers of signatures that wrap every function in the tests cannot be traced.
    done = subprocess.run([sys.executable, "-W", "error", "-c", COMPILED], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
