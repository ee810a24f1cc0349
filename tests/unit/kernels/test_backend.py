"""Which backend runs, and what is said when the fast one cannot."""

import ctypes
import warnings

import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.kernels import SlowKernelsWarning, backend, backend_report, library
from tests.unit.kernels.problems import needs_native


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
