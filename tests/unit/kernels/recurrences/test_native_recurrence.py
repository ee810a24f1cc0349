"""The native recurrences against their loops in float64, at every edge of the kernel, and what else they promise."""

import warnings

import pytest
import torch
from torch import Tensor

from icl_lab.kernels import backend, flops, library, native_recurrence, recurrences
from icl_lab.kernels.recurrences import reference
from tests.unit.kernels.problems import Tensors, assert_close, cast, needs_native, outputs_and_gradients
from tests.unit.kernels.recurrences.cases import OPERATIONS, inputs

FLOAT32 = 5e-6  # as the chunked forms: a state holds tens of terms, products of it are sums of up to 40
every_case = pytest.mark.parametrize("case", OPERATIONS)
# Widths of keys and values beside one vector, beside two, and beside an odd number of them.
WIDTHS = ((1, 1), (5, 16), (16, 7), (17, 33), (40, 20))


@pytest.fixture(autouse=True)
def native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ICL_KERNELS", "native")


def compare(case: str, given: Tensors, tolerance: float = FLOAT32) -> None:
    """Outputs, final state and gradients of all inputs, on the same rounded numbers."""
    rounded = cast(given, torch.float32)
    assert backend.native_recurrence(rounded["q"]) is native_recurrence
    found = outputs_and_gradients(recurrences, OPERATIONS[case], rounded, return_state=True)
    assert all(x.dtype == torch.float32 for x in found.values())
    expected = outputs_and_gradients(reference, OPERATIONS[case], cast(rounded, torch.float64), return_state=True)
    assert_close(found, expected, tolerance)


@needs_native
@every_case
@pytest.mark.parametrize(("batch", "initial"), [(1, True), (3, False)])
@pytest.mark.parametrize("num_tokens", [1, 2, 63, 64, 65, 200])
def test_at_every_edge_of_a_run_of_tokens(case: str, batch: int, initial: bool, num_tokens: int) -> None:
    compare(case, inputs(case, num_tokens, batch=batch, initial=initial))


@needs_native
@every_case
@pytest.mark.parametrize(("d_key", "d_value"), WIDTHS)
def test_at_every_edge_of_a_vector(case: str, d_key: int, d_value: int) -> None:
    compare(case, inputs(case, 37, d_key=d_key, d_value=d_value))


@needs_native
@pytest.mark.parametrize("instruction_set", library.INSTRUCTION_SETS)
def test_every_instruction_set_computes_the_same(instruction_set: str) -> None:
    with library.limited_to(instruction_set) as present:
        if not present:
            pytest.skip(f"this machine has no {instruction_set}")
        for case in OPERATIONS:
            for d_key, d_value in WIDTHS:
                compare(case, inputs(case, 18, d_key=d_key, d_value=d_value))


@needs_native
@pytest.mark.parametrize("case", [case for case in OPERATIONS if "decay" in case])
@pytest.mark.parametrize("log_decay", [-torch.inf, -90.0, -87.0, -1e-7])
def test_one_decay_of_any_strength(case: str, log_decay: float) -> None:
    given = cast(inputs(case, 40, strongest=0.1), torch.float32)
    given["log_decay"][:, :, 20] = log_decay
    found = outputs_and_gradients(recurrences, OPERATIONS[case], given, return_state=True)
    # The loop multiplies by 0 too, but its gradient of log 0 is that of exp at -inf: 0 * finite, which is fine there.
    expected = outputs_and_gradients(reference, OPERATIONS[case], cast(given, torch.float64), return_state=True)
    assert_close(found, expected, FLOAT32)


def views(given: Tensors) -> dict[str, Tensors]:
    """The same sequences as parts of larger tensors, with heads inside tokens, and one number in two."""
    sequences = {name: x for name, x in given.items() if name not in ("bonus", "initial_state")}
    rest = {name: x for name, x in given.items() if name not in sequences}
    wide = {name: x for name, x in sequences.items() if x.ndim == 4}
    split = {name: x.transpose(1, 2).contiguous().transpose(1, 2) for name, x in sequences.items()}
    sliced = {name: torch.cat([x, x], dim=-1)[..., : x.shape[-1]] for name, x in sequences.items()}
    spread = {name: x.repeat_interleave(2, -1)[..., ::2] for name, x in wide.items()}
    return {name: given | found | rest for name, found in (("split", split), ("sliced", sliced), ("spread", spread))}


@needs_native
@every_case
def test_views_give_the_same_bytes_as_copies(case: str) -> None:
    given = cast(inputs(case, 19), torch.float32)
    weight = torch.randn(given["v"].shape, generator=torch.Generator().manual_seed(0))

    def run(tensors: Tensors) -> list[Tensor]:
        leaves = {name: x.detach().requires_grad_() for name, x in tensors.items()}
        o = getattr(recurrences, OPERATIONS[case])(**leaves)
        return [o, *torch.autograd.grad(o, list(leaves.values()), weight)]

    plain = run(given)
    for name, tensors in views(given).items():
        assert not tensors["k"].is_contiguous()
        assert all(torch.equal(x, y) for x, y in zip(run(tensors), plain, strict=True)), name


@needs_native
def test_heads_that_share_their_keys_are_read_in_place() -> None:
    given = cast(inputs("one decay a head", 19, initial=False), torch.float32)
    q, k, v, log_decay = given.values()
    shared = [x[:, :1].clone().requires_grad_() for x in (q, k)]
    o = recurrences.linear_recurrence(*(x.expand(-1, 3, -1, -1) for x in shared), v, log_decay)
    found = torch.autograd.grad(o.square().sum(), shared)
    copies = [x.detach().expand(-1, 3, -1, -1).clone().requires_grad_() for x in shared]
    expected = recurrences.linear_recurrence(*copies, v, log_decay)
    assert torch.equal(o, expected)
    for x, y in zip(found, torch.autograd.grad(expected.square().sum(), copies), strict=True):
        assert torch.allclose(x, y.sum(1, keepdim=True), rtol=1e-5, atol=1e-5)


@needs_native
def test_results_lie_in_memory_as_the_inputs_do() -> None:
    given = cast(inputs("one decay a head", 19, initial=False), torch.float32)
    for tensors in (given, views(given)["split"]):
        leaves = {name: x.detach().requires_grad_() for name, x in tensors.items()}
        o = recurrences.linear_recurrence(**leaves)
        assert o.stride() == leaves["v"].stride()
        assert torch.autograd.grad(o.sum(), leaves["k"])[0].stride() == leaves["k"].stride()


@needs_native
@every_case
def test_every_element_of_every_result_is_written(case: str) -> None:
    torch.use_deterministic_algorithms(True)  # PyTorch fills every fresh tensor with NaN
    try:
        assert torch.empty(4).isnan().all()
        given = cast(inputs(case, 19), torch.float32)
        results = outputs_and_gradients(recurrences, OPERATIONS[case], given, return_state=True)
    finally:
        torch.use_deterministic_algorithms(False)
    assert not any(result.isnan().any() for result in results.values())


@needs_native
@every_case
def test_the_bytes_do_not_depend_on_the_number_of_threads(case: str) -> None:
    given, before, results = cast(inputs(case, 33, batch=5), torch.float32), torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3, 7):
            torch.set_num_threads(threads)
            results.append(outputs_and_gradients(recurrences, OPERATIONS[case], given, return_state=True))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(result[name], results[0][name]) for result in results for name in result)


@needs_native
@every_case
@pytest.mark.parametrize("output", [0, 1])
def test_gradients_of_the_output_alone_and_of_the_state_alone(case: str, output: int) -> None:
    def gradients(kernels: object, dtype: torch.dtype) -> Tensors:
        given = {name: x.to(dtype).requires_grad_() for name, x in inputs(case, 21).items()}
        result = getattr(kernels, OPERATIONS[case])(**given, return_state=True)[output]
        # The sum's gradient is one number, expanded.
        grads = torch.autograd.grad(result.sum(), list(given.values()), allow_unused=True, materialize_grads=True)
        return dict(zip(given, grads, strict=True))

    assert_close(gradients(recurrences, torch.float32), gradients(reference, torch.float64), FLOAT32)


@needs_native
@pytest.mark.parametrize("nan_in", ["q", "k", "v", "left", "right", "log_decay"])
def test_a_nan_goes_in_and_comes_out(nan_in: str) -> None:
    given = cast(inputs("rank one, one decay a head", 5), torch.float32)
    given[nan_in][0, 0, 0] = torch.nan
    o = recurrences.rank_one_recurrence(**given)
    assert o[0, 0, 0].isnan().all()
    assert not o[0, 1].isnan().any()


def arguments(optional: bool) -> tuple[object, ...]:
    """Arguments of the operator itself, with and without the optional ones."""
    given = cast(inputs("rank one, one decay a channel" if optional else "one decay a head", 19), torch.float32)
    names = ("q", "k", "v", "log_decay", "left", "right", "initial_state")
    leaves = {name: x.requires_grad_() for name, x in (given if optional else views(given)["split"]).items()}
    kept = names if optional else names[:4]
    return *(leaves[name] if name in kept else None for name in names), optional, True


@needs_native
@pytest.mark.parametrize("optional", [True, False])
def test_opcheck(optional: bool) -> None:
    torch.library.opcheck(native_recurrence.recurrence_forward, arguments(optional))


@needs_native
def test_nothing_is_kept_where_nothing_is_differentiated() -> None:
    given = [x.detach() if isinstance(x, Tensor) else x for x in arguments(True)]
    o, _, read, states = native_recurrence.recurrence_forward(*given[:-1], False)
    assert read.numel() == states.numel() == 0
    assert torch.equal(o, native_recurrence.recurrence_forward(*given)[0])


@needs_native
def test_flops_are_counted_forward_and_backward() -> None:
    for case, each in (("one decay a head", 5 + 14), ("delta rule", 7 + 18), ("rank one, one decay a head", 9 + 24)):
        given = {name: x.float().requires_grad_() for name, x in inputs(case, 19).items()}
        with torch.utils.flop_counter.FlopCounterMode(display=False) as counter:
            getattr(recurrences, OPERATIONS[case])(**given).sum().backward()
        assert counter.get_total_flops() == 2 * 3 * 19 * 4 * 5 * each
    assert flops.recurrence_flops((1, 1, 1, 1), (1, 1, 1, 1), None, None) == 5


def test_the_native_recurrence_runs_for_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    single = torch.zeros(1)
    found = native_recurrence if library.trouble() is None else None
    assert backend.native_recurrence(single) is backend.native_recurrence(single.bfloat16()) is found
    assert backend.native_recurrence(single.double()) is None
    for name in ("reference", "vectorised"):
        with backend.using(name):
            assert backend.native_recurrence(single) is None
    monkeypatch.setattr(library, "trouble", lambda: "the native library was not built")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert backend.native_recurrence(single) is None
