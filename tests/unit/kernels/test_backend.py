"""Which backend runs, and what is said when the fast one cannot."""

import ctypes
import importlib
import os
import warnings

import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.kernels import SlowKernelsWarning, backend, backend_report, library, vectorised
from tests.unit.kernels.problems import (
    assert_close,
    cast,
    convolution_inputs,
    inner_inputs,
    needs_native,
    outputs_and_gradients,
    scan_inputs,
)


@pytest.fixture
def no_library(monkeypatch):
    """As if the native library had not been built."""
    monkeypatch.setattr(library, "trouble", lambda: "the native library was not built: pip install . builds it")
    monkeypatch.setattr(backend, "_warned", set())
    monkeypatch.delenv("ICL_KERNELS", raising=False)


@needs_native
def test_the_native_library_is_preferred_for_what_it_can(monkeypatch):
    monkeypatch.delenv("ICL_KERNELS", raising=False)
    assert backend.choose("cpu", torch.float32) == backend.choose("cpu", torch.bfloat16) == "native"
    assert backend.choose("cpu", torch.float64) == backend.choose("cpu", torch.float16) == "vectorised"
    report = backend_report()
    assert report.live == "native"
    assert any(name in report.why for name in library.INSTRUCTION_SETS)


def test_a_missing_library_falls_back_with_one_warning(no_library):
    with pytest.warns(SlowKernelsWarning, match="was not built: pip install"):
        assert backend.choose("cpu", torch.float32) == "vectorised"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert backend.choose("cpu", torch.float32) == "vectorised"
        assert backend.choose("cpu", torch.float64) == "vectorised"
    report = backend_report()
    assert report.live == "vectorised"
    assert "native: the native library was not built: pip install . builds it" in report.missing


@pytest.mark.parametrize("name", ["reference", "vectorised"])
def test_a_plain_backend_can_be_forced(name, monkeypatch):
    monkeypatch.setenv("ICL_KERNELS", name)
    assert backend.choose("cpu", torch.float32) == backend_report().live == name


def test_an_unknown_backend_is_told_what_there_is(monkeypatch):
    monkeypatch.setenv("ICL_KERNELS", "natve")
    with pytest.raises(UserError, match="did you mean native"):
        backend.choose("cpu", torch.float32)


def test_a_library_for_another_machine_is_not_loaded(tmp_path, monkeypatch):
    stranger = tmp_path / "libicl_kernels.so"
    stranger.write_bytes(b"\x7fELF of another machine")
    monkeypatch.setattr(library, "_candidates", lambda: [stranger])
    found = library._found.__wrapped__()
    assert isinstance(found, str)
    assert str(stranger) in found
    assert "pip install" in found


@needs_native
@pytest.mark.parametrize("change", ["version", "structure"])
def test_a_stale_library_is_not_used(change, monkeypatch):
    if change == "version":
        monkeypatch.setattr(library, "ABI_VERSION", library.ABI_VERSION + 1)
    else:
        monkeypatch.setattr(library, "Convolution", type("Smaller", (ctypes.Structure,), {"_fields_": ()}))
    assert "another version" in library._found.__wrapped__()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_the_cuda_backend_is_preferred_on_a_gpu():
    assert backend.choose("cuda", torch.float32) == ("vectorised" if backend._cuda_trouble() else "cuda")


@pytest.mark.skipif(backend._cuda_trouble() is not None, reason=str(backend._cuda_trouble()))
@pytest.mark.parametrize("operation", ["selective_scan", "causal_conv1d", "mamba_inner"])
def test_the_cuda_kernels_agree_with_float64(operation):
    cuda = importlib.import_module("icl_lab.kernels.cuda")
    given = {"selective_scan": scan_inputs, "causal_conv1d": convolution_inputs, "mamba_inner": inner_inputs}[
        operation
    ](2, 40, 16, 4)
    given.pop("initial_state", None)
    expected = outputs_and_gradients(vectorised, operation, cast(given, torch.float64))
    found = outputs_and_gradients(cuda, operation, {name: x.cuda() for name, x in given.items()})
    # Their scan uses fast exponentials, and their products TF32 where PyTorch allows it.
    assert_close({name: x.cpu() for name, x in found.items()}, expected, 1e-4)


def test_the_library_is_there_where_it_must_be() -> None:
    # CI sets the variable: without it, a library that is built but not found would only make tests skip.
    if os.environ.get("ICL_REQUIRE_NATIVE"):
        assert library.trouble() is None
