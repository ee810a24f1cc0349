"""Which implementation runs a kernel: the best for its device and precision, or the one `ICL_KERNELS` names."""

import importlib
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType

import torch
from torch import Tensor

from icl_lab.core.errors import UserError, suggest

BACKENDS = ("reference", "vectorised", "native", "cuda")
COUNTED = "counted"  # of `using` alone: its numbers mean nothing
VARIABLE = "ICL_KERNELS"
NATIVE_DTYPES = (torch.float32, torch.bfloat16)
CUDA_DTYPES = (torch.float32, torch.bfloat16, torch.float16)


class SlowKernelsWarning(RuntimeWarning):
    """The fast kernels are not there, so the PyTorch form runs instead: same results, many times slower."""


@dataclass(frozen=True)
class BackendReport:
    """What runs on a CPU, why, and what would make it faster.

    Args:
        live: Name of the backend that runs float32 on a CPU.
        why: One sentence.
        missing: One sentence for each thing that is not there, with how to get it.
    """

    live: str
    why: str
    missing: tuple[str, ...]


_warned: set[str] = set()
_asked: ContextVar[str | None] = ContextVar("asked", default=None)


@contextmanager
def using(name: str) -> Iterator[None]:
    """Run one backend, whatever the environment says: for counts that must not depend on the machine."""
    token = _asked.set(name)
    try:
        yield
    finally:
        _asked.reset(token)


_modules: dict[str, ModuleType] = {}


def forced() -> str | None:
    """The backend that `using` or `ICL_KERNELS` asks for, if any.

    Raises:
        UserError: It is no backend.
    """
    name = _asked.get() or os.environ.get(VARIABLE) or None
    if name is not None and name not in BACKENDS and _asked.get() != COUNTED:
        raise UserError(f"{VARIABLE}={name} names no backend: {suggest(name, BACKENDS)}")
    return name


def _native_trouble() -> str | None:
    if find_spec("icl_lab.kernels.library") is None:
        return "the native library is not part of this installation"
    library = importlib.import_module("icl_lab.kernels.library")
    trouble: str | None = library.trouble()
    return trouble


def _cuda_trouble() -> str | None:
    if not torch.cuda.is_available():
        return "no GPU is visible to PyTorch"
    absent = [name for name in ("mamba_ssm", "causal_conv1d") if find_spec(name) is None]
    if absent:
        return f"{' and '.join(absent)} not installed: pip install 'icl-lab[cuda]'"
    return None


def _fall_back(trouble: str) -> str:
    if trouble not in _warned:
        _warned.add(trouble)
        warnings.warn(
            f"slow kernels run, many times slower with the same results: {trouble}; `icl doctor` says more",
            SlowKernelsWarning,
            stacklevel=6,
        )
    return "vectorised"


def choose(device_type: str, dtype: torch.dtype) -> str:
    """Name of the backend for a device and a precision.

    float64 runs in PyTorch everywhere: it is asked for where numbers are compared, and the fast kernels have none.

    Raises:
        UserError: If `ICL_KERNELS` holds no name of a backend.
    """
    asked = forced()
    if asked in ("reference", "vectorised", COUNTED):
        return asked
    if device_type == "cpu" and dtype in NATIVE_DTYPES and asked != "cuda":
        trouble = _native_trouble()
        return "native" if trouble is None else _fall_back(trouble)
    if device_type == "cuda" and dtype in CUDA_DTYPES and asked != "native":
        trouble = _cuda_trouble()
        return "cuda" if trouble is None else _fall_back(trouble)
    return "vectorised"


def _ready(device_type: str, dtype: torch.dtype) -> str:
    name = choose(device_type, dtype)
    if name not in _modules:
        _modules[name] = importlib.import_module(f"icl_lab.kernels.{name}")
    return name


# A compiled graph takes the choice as settled when it was traced. This is what `torch.compiler.assume_constant_result`
# sets; calling that here would make every import of this package import the compiler, which takes two seconds.
_ready._dynamo_marked_constant = True  # type: ignore[attr-defined]


def implementation(tensor: Tensor) -> ModuleType:
    """The module whose functions run for this tensor."""
    return _modules[_ready(tensor.device.type, tensor.dtype)]


def choose_layers(device_type: str, dtype: torch.dtype) -> str:
    """Name of the backend of the layers, where PyTorch's own operations are the next best, and no cause for a warning.

    Raises:
        UserError: If `ICL_KERNELS` holds no name of a backend.
    """
    asked = forced()
    if asked in ("reference", "vectorised"):
        return f"{asked}_layers"
    if asked == COUNTED:
        return "vectorised_layers"
    fits = device_type == "cpu" and dtype in NATIVE_DTYPES and asked != "cuda"
    return "native_layers" if fits and _native_trouble() is None else "vectorised_layers"


def _layers_ready(device_type: str, dtype: torch.dtype) -> str:
    name = choose_layers(device_type, dtype)
    if name not in _modules:
        _modules[name] = importlib.import_module(f"icl_lab.kernels.{name}")
    return name


_layers_ready._dynamo_marked_constant = True  # type: ignore[attr-defined]


def layer_implementation(tensor: Tensor) -> ModuleType:
    """The module whose attention, activation and norms run for this tensor."""
    return _modules[_layers_ready(tensor.device.type, tensor.dtype)]


def _recurrences_ready(device_type: str, dtype: torch.dtype) -> bool:
    native = choose_layers(device_type, dtype) == "native_layers"
    if native and "native_recurrence" not in _modules:
        _modules["native_recurrence"] = importlib.import_module("icl_lab.kernels.native_recurrence")
    return native


_recurrences_ready._dynamo_marked_constant = True  # type: ignore[attr-defined]


def native_recurrence(tensor: Tensor) -> ModuleType | None:
    """The module whose recurrence runs for this tensor, or None where PyTorch's products are the next best."""
    return _modules["native_recurrence"] if _recurrences_ready(tensor.device.type, tensor.dtype) else None


def backend_report() -> BackendReport:
    """Which backend is live on a CPU in float32 and why, what is missing, and how to get it."""
    asked, native, cuda = forced(), _native_trouble(), _cuda_trouble()
    missing = tuple(
        f"{name}: {trouble}" for name, trouble in (("native", native), ("cuda", cuda)) if trouble is not None
    )
    if asked in ("reference", "vectorised"):
        return BackendReport(asked, f"{VARIABLE}={asked} asks for it", missing)
    if native is None and asked != "cuda":
        library = importlib.import_module("icl_lab.kernels.library")
        return BackendReport("native", library.description(), missing)
    why = "the native library is not there" if native else f"{VARIABLE}=cuda leaves the CPU to PyTorch"
    return BackendReport("vectorised", why, missing)
