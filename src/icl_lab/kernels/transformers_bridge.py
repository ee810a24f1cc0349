"""Hugging Face's Mamba models on our kernels: their module's functions, replaced for a while.

From version 5, `transformers` computes a Mamba block with functions of the model's module (a convolution and a scan,
each for a sequence and for one token), which fall back to slow PyTorch where the packages for GPUs are absent. Here
they run the operations of this package; a tensor that is not on a CPU, and whatever else they do not cover, goes to the
function that was there before. Projections, padding masks and caches stay with `transformers`.

b batch   t num_tokens   e channels   n d_state   k width of the convolution
"""

import importlib
import inspect
import threading
from collections.abc import Callable
from functools import partial, wraps
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType, TracebackType
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.kernels.checks import MAX_WIDTH
from icl_lab.kernels.operations import causal_conv1d, causal_conv1d_step, selective_scan, selective_scan_step

MODULES = ("mamba", "falcon_mamba")
SILU = ("silu", "swish")
Function = Callable[..., Any]


class Acceleration:
    """Hugging Face's Mamba models run on our kernels until this is restored, or left as a context manager."""

    def restore(self) -> None:
        """Put the functions of `transformers` back, unless another acceleration is still wanted; once is enough."""
        with _lock:
            if self in _wanted:
                _wanted.remove(self)
                if not _wanted:
                    _put_back()

    def __enter__(self) -> "Acceleration":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.restore()


def accelerate_transformers() -> Acceleration:
    """Run Hugging Face's Mamba models (Mamba and Falcon Mamba) on this package's kernels, from this call on.

    Training, inference, padding masks, caches and `generate` work as before, with the same results up to rounding.
    Used in a `with` statement it ends with the block; otherwise with `restore()` of what is returned, or never. Calls
    may be nested or overlap: the last one that ends puts everything back. Models on other devices are left alone.

    ::

        with accelerate_transformers():
            model.generate(prompt)

    Raises:
        UserError: `transformers` is not installed, or its Mamba is built in another way than the one known here.
    """
    with _lock:
        if not _wanted:
            _replace()
        acceleration = Acceleration()
        _wanted.add(acceleration)
        return acceleration


_lock = threading.Lock()
_wanted: set[Acceleration] = set()
_replaced: list[tuple[ModuleType, str, Function, Function]] = []


def _replace() -> None:
    found = [(module, name, _original(module, name)) for module in _modules() for name in REPLACEMENTS]
    for module, name, original in found:
        ours = wraps(original)(partial(REPLACEMENTS[name], original))
        setattr(module, name, ours)
        _replaced.append((module, name, original, ours))


def _put_back() -> None:
    for module, name, original, ours in _replaced:
        # Whoever replaced ours in the meantime keeps the last word.
        if getattr(module, name) is ours:
            setattr(module, name, original)
    _replaced.clear()


def _modules() -> list[ModuleType]:
    try:
        installed = version("transformers")
    except PackageNotFoundError:
        raise UserError("accelerate_transformers needs transformers 5: pip install transformers") from None
    try:
        return [importlib.import_module(f"transformers.models.{name}.modeling_{name}") for name in MODULES]
    except ImportError as error:
        raise UserError(f"transformers {installed} has no Mamba that can be accelerated: {error}") from None


def _original(module: ModuleType, name: str) -> Function:
    function = getattr(module, name, None)
    found = tuple(inspect.signature(function).parameters) if callable(function) else ()
    wanted = ARGUMENTS[name]
    if function is None or found[: len(wanted)] != wanted:
        raise UserError(
            f"transformers {version('transformers')} computes Mamba in a way that is not known here: expected "
            f"{module.__name__}.{name}({', '.join(wanted)}); use transformers 5.23"
        )
    return function


def _ours(x: Tensor, weight: Tensor | None = None, activation: str | None = None) -> bool:
    """Whether a call is one that our kernels cover."""
    fits = weight is None or weight.shape[-1] <= MAX_WIDTH
    return x.device.type == "cpu" and fits and (activation is None or activation in SILU)


def _inner(original: Function, xz: Float[Tensor, "b two_e t"], *others: Any, **options: Any) -> Tensor | None:
    """None asks for the parts one by one: only they keep what padding masks hide out of the scan."""
    return None if _ours(xz) else original(xz, *others, **options)


def _convolve(
    original: Function,
    hidden_states: Float[Tensor, "b e t"],
    weight: Float[Tensor, "e k"],
    bias: Float[Tensor, " e"] | None = None,
    activation: str | None = None,
    **others: Any,
) -> Float[Tensor, "b e t"]:
    if not _ours(hidden_states, weight, activation) or _packed(others):
        return original(hidden_states, weight, bias, activation=activation, **others)
    return causal_conv1d(hidden_states.mT, weight, bias, silu=activation in SILU).mT


def _convolve_token(
    original: Function,
    hidden_states: Float[Tensor, "b e t"],
    conv_state: Float[Tensor, "b e past"],
    weight: Float[Tensor, "e k"],
    bias: Float[Tensor, " e"] | None = None,
    activation: str | None = None,
) -> Float[Tensor, "b e t"]:
    width = weight.shape[-1]
    if not _ours(hidden_states, weight, activation) or hidden_states.shape[2] != 1 or conv_state.shape[2] != width:
        return original(hidden_states, conv_state, weight, bias, activation)
    # Their state holds one input more than the filter needs: the newest of the last call.
    past = conv_state[..., 1:]
    y, _ = causal_conv1d_step(past.mT, hidden_states[..., 0], weight, bias, silu=activation in SILU)
    conv_state.copy_(torch.cat([past, hidden_states], dim=2))
    return y[..., None]


def _scan(
    original: Function,
    hidden_states: Float[Tensor, "b e t"],
    dt: Float[Tensor, "b e t"],
    A: Float[Tensor, "e n"],
    B: Float[Tensor, "b n t"],
    C: Float[Tensor, "b n t"],
    D: Float[Tensor, " e"] | None = None,
    z: Float[Tensor, "b e t"] | None = None,
    delta_bias: Float[Tensor, " e"] | None = None,
    delta_softplus: bool = False,
    return_last_state: bool = False,
    **others: Any,
) -> Float[Tensor, "b e t"] | tuple[Float[Tensor, "b e t"], Float[Tensor, "b e n"]]:
    if not _ours(hidden_states) or _packed(others):
        given = (hidden_states, dt, A, B, C, D, z, delta_bias, delta_softplus, return_last_state)
        return original(*given, **others)
    u, dt, B, C, gate = _one_dtype(hidden_states.mT, dt.mT, B.mT, C.mT, None if z is None else z.mT)
    if not return_last_state:
        return selective_scan(u, dt, A, B, C, D=D, z=gate, dt_bias=delta_bias, softplus=delta_softplus).mT
    y, state = selective_scan(
        u, dt, A, B, C, D=D, z=gate, dt_bias=delta_bias, softplus=delta_softplus, return_state=True
    )
    return y.mT, state


def _scan_token(
    original: Function,
    state: Float[Tensor, "b e n"],
    hidden_states: Float[Tensor, "b e"],
    dt: Float[Tensor, "b e"],
    A: Float[Tensor, "e n"],
    B: Float[Tensor, "b n"],
    C: Float[Tensor, "b n"],
    D: Float[Tensor, " e"] | None = None,
    dt_bias: Float[Tensor, " e"] | None = None,
    dt_softplus: bool = False,
    z: Float[Tensor, "b e"] | None = None,
    **others: Any,
) -> Float[Tensor, "b e"]:
    if not _ours(hidden_states):
        return original(state, hidden_states, dt, A, B, C, D, dt_bias, dt_softplus, z, **others)
    u, dt, B, C, gate = _one_dtype(hidden_states, dt, B, C, z)
    y, new_state = selective_scan_step(state, u, dt, A, B, C, D=D, z=gate, dt_bias=dt_bias, softplus=dt_softplus)
    state.copy_(new_state)
    return y.to(hidden_states.dtype)


def _packed(others: dict[str, Any]) -> bool:
    """Whether several sequences are packed into one, which needs a kernel that knows where they meet."""
    return any(others.get(name) is not None for name in ("seq_idx", "cu_seqlens"))


def _one_dtype(u: Tensor, *others: Tensor | None) -> tuple[Tensor, ...]:
    """All in the widest of their precisions: autocast may hand over several."""
    dtype = u.dtype
    for other in others:
        dtype = dtype if other is None else torch.promote_types(dtype, other.dtype)
    return tuple(x if x is None else x.to(dtype) for x in (u, *others))  # type: ignore[misc]


REPLACEMENTS: dict[str, Function] = {
    "mamba_inner_fn": _inner,
    "causal_conv1d_fn": _convolve,
    "causal_conv1d_update": _convolve_token,
    "mamba_selective_scan": _scan,
    "mamba_selective_state_update": _scan_token,
}
# What the functions of `transformers` must begin with, for ours to stand in for them.
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "mamba_inner_fn": ("xz",),
    "causal_conv1d_fn": ("hidden_states", "weight", "bias", "activation"),
    "causal_conv1d_update": ("hidden_states", "conv_state", "weight", "bias", "activation"),
    "mamba_selective_scan": (
        "hidden_states", "dt", "A", "B", "C", "D", "z", "delta_bias", "delta_softplus", "return_last_state",
    ),
    "mamba_selective_state_update": (
        "state", "hidden_states", "dt", "A", "B", "C", "D", "dt_bias", "dt_softplus", "z",
    ),
}  # fmt: skip
