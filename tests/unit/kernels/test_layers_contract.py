"""What the layers' kernels promise beside being right: messages, backends, no stale memory, the same bytes, tracing."""

import os
import subprocess
import sys
import warnings

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from icl_lab import kernels
from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.kernels import backend, library, native_layers, vectorised_layers
from tests.unit.kernels.layer_problems import attention_inputs, mlp_inputs, norm_inputs, packed
from tests.unit.kernels.problems import cast, needs_native, outputs_and_gradients

CASES = {
    "causal_attention": (attention_inputs(3, 37, 3, 5), {}),
    "causal_self_attention": (packed(attention_inputs(3, 37, 3, 5)), {"window": 9}),
    "gelu_mlp": (mlp_inputs(37, 6, 21, 5), {}),
    "layer_norm": (norm_inputs(37, 21, layer=True), {"epsilon": 1e-5}),
    "rms_norm": (norm_inputs(37, 21, layer=False), {"epsilon": 1e-5}),
}
EVERY_ARGUMENT = [(operation, name) for operation, (given, _) in CASES.items() for name in given]
OURS = [operation for operation in CASES if operation != "layer_norm"]  # which is PyTorch's own
LAST = [(operation, name) for operation, name in EVERY_ARGUMENT if name not in ("q", "qkv", "x", "widen", "narrow")]


@pytest.mark.parametrize(("operation", "name"), LAST)
@pytest.mark.parametrize(
    "spoil", [lambda x: torch.cat([x, x], -1), lambda x: x[None], lambda x: x.long()], ids=["size", "rank", "dtype"]
)
def test_a_wrong_argument_is_named(operation, name, spoil):
    given, settings = CASES[operation]
    with pytest.raises(UserError, match=f"^{name} must "):
        getattr(kernels, operation)(**(given | {name: spoil(given[name])}), **settings)


@pytest.mark.parametrize(("operation", "name"), LAST)
def test_another_device_is_named(operation, name):
    given, settings = CASES[operation]
    with pytest.raises(UserError, match=f"^{name} must be on the device of "):
        getattr(kernels, operation)(**(given | {name: given[name].to("meta")}), **settings)


def test_what_attention_cannot_read_is_told():
    given = CASES["causal_attention"][0]
    with pytest.raises(UserError, match="^q must have axes"):
        kernels.causal_attention(given["q"][0], given["k"], given["v"])
    with pytest.raises(UserError, match="^k must have the dtype of q"):
        kernels.causal_attention(given["q"], given["k"].bfloat16(), given["v"])
    with pytest.raises(UserError, match="^q must not be empty"):
        kernels.causal_attention(*(x[:, :0] for x in given.values()))
    with pytest.raises(UserError, match="^window must be at least 1"):
        kernels.causal_attention(**given, window=0)
    with pytest.raises(UserError, match=r"^qkv must have axes \(batch, num_tokens, 3,"):
        kernels.causal_self_attention(CASES["causal_self_attention"][0]["qkv"][:, :, :2])


@pytest.mark.parametrize("name", ["reference", "vectorised"])
def test_a_plain_backend_can_be_forced(name, monkeypatch):
    monkeypatch.setenv("ICL_KERNELS", name)
    assert backend.choose_layers("cpu", torch.float32) == f"{name}_layers"


def test_without_the_library_torchs_own_operations_run_silently(monkeypatch):
    monkeypatch.setattr(library, "trouble", lambda: "not built")
    monkeypatch.delenv("ICL_KERNELS", raising=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert backend.choose_layers("cpu", torch.float32) == "vectorised_layers"


@needs_native
def test_the_native_layers_run_what_they_can(monkeypatch):
    monkeypatch.delenv("ICL_KERNELS", raising=False)
    assert (
        backend.choose_layers("cpu", torch.float32) == backend.choose_layers("cpu", torch.bfloat16) == "native_layers"
    )
    assert backend.choose_layers("cpu", torch.float64) == backend.choose_layers("meta", torch.float32)
    assert backend.choose_layers("cuda", torch.float32) == backend.choose_layers("cpu", torch.float64)


@pytest.fixture
def poisoned_memory():
    """PyTorch fills every fresh tensor with NaN."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


@needs_native
@pytest.mark.parametrize("operation", CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_element_of_every_result_is_written(operation, dtype, poisoned_memory):
    assert torch.empty(4).isnan().all()
    given, settings = CASES[operation]
    results = outputs_and_gradients(native_layers, operation, cast(given, dtype), **settings)
    assert not any(result.isnan().any() for result in results.values())


@needs_native
@pytest.mark.parametrize("operation", OURS)
def test_the_same_bytes_at_any_number_of_threads(operation):
    given, settings = CASES[operation]
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            found.append(outputs_and_gradients(native_layers, operation, given, **settings))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(found[0][name], other[name]) for other in found[1:] for name in found[0])


@needs_native
@pytest.mark.parametrize(
    "operation", [operation for operation in CASES if operation != "gelu_mlp"]
)  # whose products are BLAS's
def test_views_give_the_same_bytes_as_copies(operation):
    given, settings = CASES[operation]
    spread = {name: x.repeat_interleave(2, -1)[..., ::2] for name, x in given.items()}
    sliced = {name: torch.cat([x, x], -1)[..., : x.shape[-1]] for name, x in given.items()}
    plain = outputs_and_gradients(native_layers, operation, given, **settings)
    for views in (spread, sliced):
        leaves = {name: view.requires_grad_() for name, view in views.items()}
        y = getattr(native_layers, operation)(**leaves, **settings)
        generator = torch.Generator().manual_seed(0)
        grad = torch.randn(y.shape, generator=generator)
        y.backward(grad.transpose(0, -1).contiguous().transpose(0, -1))
        assert torch.equal(y, plain["output 0"])
        assert all(torch.equal(leaves[name].grad, plain[f"gradient of {name}"]) for name in leaves)


@needs_native
@pytest.mark.parametrize("operation", OURS)
def test_opcheck(operation):
    given, settings = CASES[operation]
    tensors = [x.clone().requires_grad_() for x in given.values()]
    operators = torch.ops.icl_lab
    if operation.endswith("attention"):
        torch.library.opcheck(getattr(operators, operation).default, (*tensors, 9))
    elif operation == "gelu_mlp":
        torch.library.opcheck(operators.gelu_mlp.default, (*tensors, True))
    else:
        torch.library.opcheck(operators.rms_norm.default, (*tensors, 1e-5))


@needs_native
def test_flops_are_those_of_torchs_own_operations():
    for operation in ("causal_attention", "causal_self_attention", "gelu_mlp"):
        counts = []
        for module in (native_layers, vectorised_layers):
            given = {name: x.clone().requires_grad_() for name, x in CASES[operation][0].items()}
            # Its counter knows the plain form of PyTorch's attention only.
            with sdpa_kernel(SDPBackend.MATH), torch.utils.flop_counter.FlopCounterMode(display=False) as counter:
                getattr(module, operation)(**given).sum().backward()
            counts.append(counter.get_total_flops())
        assert counts[0] == counts[1]


COMPILED = """
import torch
from icl_lab import kernels
from icl_lab.kernels.backend import choose_layers

generator = torch.Generator().manual_seed(0)
shapes = (2, 9, 3, 2, 4), (8, 8), (8,), (8, 8), (8,), (8,), (8,)
given = [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]

def layers(qkv, widen, widen_bias, narrow, narrow_bias, gain, offset):
    x = kernels.causal_self_attention(qkv).flatten(2)
    x = kernels.layer_norm(kernels.rms_norm(x, gain, 1e-5), gain, offset, 1e-5)
    q = x.unflatten(-1, (2, 4))
    x = kernels.causal_attention(q, q, q, window=3).flatten(2)
    return kernels.gelu_mlp(x, widen, widen_bias, narrow, narrow_bias)

assert choose_layers("cpu", torch.float32) == "native_layers"
compiled = torch.compile(layers, fullgraph=True, backend="aot_eager")
found, expected = compiled(*given), layers(*given)
assert torch.equal(found, expected)
for x, y in zip(torch.autograd.grad(found.sum(), given), torch.autograd.grad(expected.sum(), given), strict=True):
    assert torch.equal(x, y)
"""


@needs_native
def test_the_public_operations_compile_into_one_graph():
    # In its own process: the checkers of signatures that wrap every function in the tests cannot be traced.
    environment = {name: value for name, value in os.environ.items() if name != "ICL_KERNELS"}
    command = [sys.executable, "-W", "error", "-c", COMPILED]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr


def test_a_backward_pass_inside_autocast_is_as_precise_as_outside() -> None:
    # What autocast would make bfloat16 inside, the library would read as float32: beyond the end of the memory.
    def run(autocast: bool) -> list[torch.Tensor]:
        generator = Stream(0, ("autocast",)).torch_generator()
        shapes = [(64, 64), (256, 64), (256,), (64, 256), (64,)]
        given = [torch.randn(shape, generator=generator).requires_grad_() for shape in shapes]
        y = kernels.gelu_mlp(*given)
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            y.sum().backward()
        return [tensor.grad for tensor in given]

    for gradient, wanted in zip(run(autocast=True), run(autocast=False), strict=True):
        assert torch.equal(gradient, wanted)


def test_a_mamba_block_in_float32_stays_so_inside_autocast() -> None:
    def run(autocast: bool) -> list[torch.Tensor]:
        generator = Stream(0, ("autocast",)).torch_generator()
        shapes = [(3, 33, 64), (32, 4), (32,), (2 + 8, 32), (32, 2), (32,), (32, 4), (32,)]
        given = [0.3 * torch.randn(shape, generator=generator) for shape in shapes]
        given[6] = -given[6].abs()
        given = [tensor.requires_grad_() for tensor in given]
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            y = kernels.mamba_inner(*given)
            y.sum().backward()
        return [y, *(tensor.grad for tensor in given)]

    for tensor, wanted in zip(run(autocast=True), run(autocast=False), strict=True):
        assert torch.equal(tensor, wanted)
