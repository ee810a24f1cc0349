"""The public operations: what they refuse, and that every backend answers alike."""

import pytest
import torch

from icl_lab import kernels
from icl_lab.core.errors import UserError
from icl_lab.kernels import reference, vectorised
from tests.unit.kernels.problems import assert_close, cast, convolution_inputs, inner_inputs, needs_native, scan_inputs

SCAN = scan_inputs(2, 5, 6, 4)
CONVOLUTION = convolution_inputs(2, 5, 6, 4)
INNER = inner_inputs(2, 5, 6, 4)
SCAN_STEP = {
    "state" if name == "initial_state" else name: x[:, 0] if name in ("u", "dt", "B", "C", "z") else x
    for name, x in SCAN.items()
}
CONVOLUTION_STEP = {
    "state": CONVOLUTION["initial_state"],
    "x": CONVOLUTION["x"][:, 0],
    "weight": CONVOLUTION["weight"],
    "bias": CONVOLUTION["bias"],
}
CASES = {
    "selective_scan": SCAN,
    "causal_conv1d": CONVOLUTION,
    "mamba_inner": INNER,
    "selective_scan_step": SCAN_STEP,
    "causal_conv1d_step": CONVOLUTION_STEP,
}
EVERY_ARGUMENT = [(operation, name) for operation, given in CASES.items() for name in given]
# Sequences must share a precision; parameters and states may have their own.
SEQUENCES = [(o, n) for o, n in EVERY_ARGUMENT if "scan" in o and n in ("dt", "B", "C", "z")]


# Where two arguments disagree about a size, either may be named.
SIZE_IS_TOLD_BY = {
    "u": ("u", "dt"),
    "A": ("A", "B", "x_proj"),
    "x": ("x", "weight"),
    "weight": ("weight", "initial_state", "state"),
    "dt_proj": ("dt_proj", "x_proj"),
}


@pytest.mark.parametrize(("operation", "name"), EVERY_ARGUMENT)
def test_a_wrong_size_is_named(operation, name):
    given = CASES[operation]
    wider = torch.cat([given[name], given[name]], dim=-1)[..., : given[name].shape[-1] + 1]
    if name == "conv_weight":
        wider = wider.T
    with pytest.raises(UserError) as caught:
        getattr(kernels, operation)(**(given | {name: wider}))
    assert str(caught.value).split()[0] in SIZE_IS_TOLD_BY.get(name, (name,))


@pytest.mark.parametrize(("operation", "name"), EVERY_ARGUMENT)
@pytest.mark.parametrize("spoil", [lambda x: x[None], lambda x: x.long()], ids=["rank", "dtype"])
def test_a_wrong_rank_or_dtype_is_named(operation, name, spoil):
    with pytest.raises(UserError, match=f"^{name} must "):
        getattr(kernels, operation)(**(CASES[operation] | {name: spoil(CASES[operation][name])}))


@pytest.mark.parametrize(("operation", "name"), [(o, n) for o, n in EVERY_ARGUMENT if n not in ("u", "x", "xz")])
def test_a_wrong_device_is_named(operation, name):
    with pytest.raises(UserError, match=f"^{name} must be on the device of (u|x|xz), cpu, got meta"):
        getattr(kernels, operation)(**(CASES[operation] | {name: CASES[operation][name].to("meta")}))


@pytest.mark.parametrize(("operation", "name"), SEQUENCES)
def test_a_sequence_of_another_precision_is_named(operation, name):
    given = CASES[operation]
    with pytest.raises(UserError, match=rf"^{name} must have the dtype of u, torch.float32, got torch.bfloat16"):
        getattr(kernels, operation)(**(given | {name: given[name].bfloat16()}))


@pytest.mark.parametrize("width", [0, 9])
def test_a_filter_of_a_width_that_is_not_supported_is_named(width):
    with pytest.raises(UserError, match="^weight must be 1 to 8 wide"):
        kernels.causal_conv1d(torch.ones(1, 2, 3), torch.ones(3, width))


def test_an_empty_sequence_is_named():
    with pytest.raises(UserError, match="^x must not be empty"):
        kernels.causal_conv1d(torch.ones(1, 0, 3), torch.ones(3, 4))


@pytest.fixture(params=["reference", "vectorised", pytest.param("native", marks=needs_native)])
def backend(request, monkeypatch):
    """Each backend of a CPU in turn, forced as a user would."""
    monkeypatch.setenv("ICL_KERNELS", request.param)
    return request.param


@pytest.mark.parametrize("operation", CASES)
def test_every_backend_gives_the_reference_result(operation, backend):
    def as_dict(result):
        return dict(enumerate(result if isinstance(result, tuple) else (result,)))

    expected = getattr(reference, operation)(**cast(CASES[operation], torch.float64))
    found = getattr(kernels, operation)(**CASES[operation])
    assert_close(as_dict(found), as_dict(expected), 2e-6)  # float32, thirty roundings


def test_steps_continue_a_sequence(backend):
    y, state = kernels.selective_scan(**SCAN, return_state=True)
    steps, state_now = [], SCAN["initial_state"]
    for t in range(SCAN["u"].shape[1]):
        at_t = {name: SCAN[name][:, t] for name in ("u", "dt", "B", "C", "z")}
        before = state_now.clone()
        one, new = kernels.selective_scan_step(state_now, **at_t, A=SCAN["A"], D=SCAN["D"], dt_bias=SCAN["dt_bias"])
        assert torch.equal(before, state_now)
        steps.append(one)
        state_now = new
    assert_close({0: torch.stack(steps, 1), 1: state_now}, {0: y, 1: state}, 1e-6)  # the same float32 sums


def test_steps_continue_a_convolution(backend):
    y, state = kernels.causal_conv1d(**CONVOLUTION, return_state=True)
    steps, state_now = [], CONVOLUTION["initial_state"]
    for t in range(CONVOLUTION["x"].shape[1]):
        one, state_now = kernels.causal_conv1d_step(
            state_now, CONVOLUTION["x"][:, t], CONVOLUTION["weight"], CONVOLUTION["bias"]
        )
        steps.append(one)
    assert_close({0: torch.stack(steps, 1), 1: state_now}, {0: y, 1: state}, 1e-6)  # the same float32 sums


def test_float64_stays_float64(backend):
    y, state = kernels.selective_scan(**cast(SCAN, torch.float64), return_state=True)
    assert y.dtype == state.dtype == torch.float64
    expected = vectorised.selective_scan(**cast(SCAN, torch.float64))
    assert_close({0: y}, {0: expected}, 1e-10)  # two orders of the same float64 sum
