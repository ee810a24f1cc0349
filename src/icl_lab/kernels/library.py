"""The native library: where it is found, whether it fits this machine, and the C structures it is called with.

The structures mirror `native/interface.h`; the library tells its version and their sizes, so a stale build is noticed.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import POINTER, Structure, byref, c_int32, c_int64, c_void_p
from functools import cache, wraps
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor

from icl_lab.kernels import layer_structures

P = ParamSpec("P")
R = TypeVar("R")

ABI_VERSION = 3
NAME = "libicl_kernels"
SUFFIXES = (".so", ".dylib")
INSTRUCTION_SETS = ("base", "AVX2", "AVX-512")
REBUILD = "pip install . (with a C++ compiler) builds it"


class Sequence(Structure):
    """A channels-last (batch, num_tokens, channels) tensor; strides in elements."""

    _fields_ = (("data", c_void_p), ("batch_stride", c_int64), ("token_stride", c_int64))


class ScanSizes(Structure):
    """Sizes and settings of a scan."""

    _fields_ = (
        *((name, c_int64) for name in ("batch", "num_tokens", "channels", "d_state")),
        *((name, c_int32) for name in ("threads", "softplus", "storage", "rank")),
    )


class ScanForward(Structure):
    """Forward pass of a scan: inputs, then outputs."""

    _fields_ = (
        ("sizes", ScanSizes),
        *((name, Sequence) for name in ("u", "dt", "B", "C", "z")),
        *((name, c_void_p) for name in ("dt_weight", "A", "D", "dt_bias", "initial_state")),
        ("y", Sequence),
        *((name, c_void_p) for name in ("final_state", "checkpoints")),
    )


class ScanBackward(Structure):
    """Backward pass of a scan: the forward pass, gradients of its outputs, gradients of its inputs."""

    _fields_ = (
        ("forward", ScanForward),
        ("grad_y", Sequence),
        ("grad_final_state", c_void_p),
        *((name, Sequence) for name in ("grad_u", "grad_dt", "grad_B", "grad_C", "grad_z")),
        *((name, c_void_p) for name in ("grad_A", "grad_D", "grad_dt_bias", "grad_initial_state", "grad_dt_weight")),
    )


class Convolution(Structure):
    """Both passes of a causal convolution."""

    _fields_ = (
        *((name, c_int64) for name in ("batch", "num_tokens", "channels", "width")),
        *((name, c_int32) for name in ("threads", "silu", "storage", "reserved")),
        ("x", Sequence),
        *((name, c_void_p) for name in ("weight", "bias")),
        *((name, Sequence) for name in ("y", "grad_y", "grad_x")),
        *((name, c_void_p) for name in ("grad_weight", "grad_bias")),
    )


ENTRIES: dict[str, type[Structure]] = {
    "scan_forward": ScanForward,
    "scan_backward": ScanBackward,
    "convolution_forward": Convolution,
    "convolution_backward": Convolution,
    **layer_structures.ENTRIES,
}


def _candidates() -> list[Path]:
    """Beside this file; and, for an editable installation, wherever its metadata say that the library was put."""
    names = [f"{NAME}{suffix}" for suffix in SUFFIXES]
    beside = [Path(__file__).parent / name for name in names]
    try:
        installed = [Path(str(file.locate())) for file in files("icl-lab") or [] if file.name in names]
    except PackageNotFoundError:
        installed = []
    return [path for path in (*beside, *installed) if path.is_file()]


def _open(path: Path) -> ctypes.CDLL:
    """Load the library and describe its functions to ctypes.

    Raises:
        OSError: It was built for another machine, or for another version of this package.
    """
    library = ctypes.CDLL(str(path))
    for name, structure in ENTRIES.items():
        function = getattr(library, f"icl_{name}")
        function.argtypes, function.restype = [POINTER(structure)], c_int32
    library.icl_scan_checkpoint_floats.argtypes = [POINTER(ScanSizes)]
    for name in ("scan_checkpoint_floats", "size_of_scan_backward", "size_of_convolution", "size_of_layers"):
        getattr(library, f"icl_{name}").restype = c_int64
    sizes = library.icl_size_of_scan_backward(), library.icl_size_of_convolution(), library.icl_size_of_layers()
    mirrored = ctypes.sizeof(ScanBackward), ctypes.sizeof(Convolution), layer_structures.TOTAL_SIZE
    if library.icl_abi_version() != ABI_VERSION or sizes != mirrored:
        raise OSError("it was built from another version of icl-lab")
    return library


@cache
def _found() -> ctypes.CDLL | str:
    """The library, or why there is none."""
    paths = _candidates()
    if not paths:
        return f"the native library was not built: {REBUILD}"
    try:
        return _open(paths[0])
    except (OSError, AttributeError) as error:
        return f"the native library {paths[0]} cannot be used here ({error}): {REBUILD} anew"


def trouble() -> str | None:
    """Why the native library cannot run, with what to do; None when it can."""
    found = _found()
    return found if isinstance(found, str) else None


def _library() -> ctypes.CDLL:
    found = _found()
    assert not isinstance(found, str), found
    return found


def instruction_set() -> str:
    """The instruction set in use: base, AVX2 or AVX-512."""
    return INSTRUCTION_SETS[_library().icl_instruction_set()]


def description() -> str:
    """One phrase for a report."""
    return f"the native library runs here with {instruction_set()} on {torch.get_num_threads()} threads"


@contextmanager
def limited_to(instruction_set: str) -> Iterator[bool]:
    """Use at most this instruction set for a while; yields whether the machine has it."""
    library = _library()
    library.icl_limit_instruction_set(INSTRUCTION_SETS.index(instruction_set))
    try:
        yield INSTRUCTION_SETS[library.icl_instruction_set()] == instruction_set
    finally:
        library.icl_limit_instruction_set(len(INSTRUCTION_SETS))


def in_own_precision(body: Callable[P, R]) -> Callable[P, R]:
    """For bodies of operators with matrix products: autocast would change the dtype of what the library is to read."""

    @wraps(body)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with torch.autocast("cpu", enabled=False):
            return body(*args, **kwargs)

    return run


def call(name: str, problem: Structure) -> None:
    """Run one of `ENTRIES`.

    Raises:
        MemoryError: No working memory.
        RuntimeError: The library has no code for this problem.
    """
    status = getattr(_library(), f"icl_{name}")(byref(problem))
    if status == 1:
        raise MemoryError(f"no working memory for {name}")
    if status != 0:
        raise RuntimeError(f"the native library cannot run {name} (status {status})")


def checkpoint_floats(sizes: ScanSizes) -> int:
    """How many floats the forward pass keeps for the backward pass."""
    count: int = _library().icl_scan_checkpoint_floats(byref(sizes))
    return count


def rows(tensor: Tensor) -> Tensor:
    """The tensor with its channels next to one another in memory, as the kernels read them."""
    return tensor if tensor.stride(-1) == 1 else tensor.contiguous()


def sequence(tensor: Tensor | None) -> Sequence:
    """The C view of a (batch, num_tokens, channels) tensor that `rows` returned, or of an absent one."""
    if tensor is None:
        return Sequence(None, 0, 0)
    assert tensor.stride(-1) == 1 or tensor.shape[-1] == 1
    return Sequence(tensor.data_ptr(), tensor.stride(0), tensor.stride(1))


def pointer(tensor: Tensor | None) -> int | None:
    """The address of a contiguous float32 tensor, or null for an absent one."""
    if tensor is None:
        return None
    assert tensor.is_contiguous()
    assert tensor.dtype == torch.float32
    return tensor.data_ptr()
