"""The native selective scan as PyTorch operators: forward, backward, shapes for tracing, and the link between them.

b batch   t num_tokens   e channels   n d_state
"""

import torch
from torch import Tensor

from icl_lab.kernels import library, memory
from icl_lab.kernels.library import ScanBackward, ScanForward, ScanSizes, pointer, rows, sequence


def problem(
    u: Tensor,
    dt: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None,
    z: Tensor | None,
    dt_bias: Tensor | None,
    initial_state: Tensor | None,
    softplus: bool,
    dt_weight: Tensor | None = None,
) -> ScanForward:
    """The inputs as C sees them. Sequences must be `rows`; the rest float32 and contiguous.

    With `dt_weight` (channels, rank), dt is of low rank, (b, t, rank), and still to be multiplied by it.
    """
    batch, num_tokens, channels = u.shape
    storage = int(u.dtype == torch.bfloat16)
    sizes = ScanSizes(batch, num_tokens, channels, A.shape[1], torch.get_num_threads(), int(softplus), storage)
    if dt_weight is not None:
        sizes.rank = dt_weight.shape[1]
    scan = ScanForward(sizes, *map(sequence, (u, dt, B, C, z)))
    scan.dt_weight = pointer(dt_weight)
    scan.A, scan.D, scan.dt_bias, scan.initial_state = map(pointer, (A, D, dt_bias, initial_state))
    return scan


def checkpoint_shape(scan: ScanForward, keep: bool) -> tuple[int]:
    """Floats that the forward pass keeps; none when nothing will be differentiated."""
    return (library.checkpoint_floats(scan.sizes) if keep else 0,)


@torch.library.custom_op("icl_lab::selective_scan", mutates_args=())
def scan_forward(
    u: Tensor,
    dt: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None,
    z: Tensor | None,
    dt_bias: Tensor | None,
    initial_state: Tensor | None,
    softplus: bool,
    return_state: bool,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Returns y, the final state (empty unless asked for) and the checkpoints (empty unless kept)."""
    u, dt, B, C = rows(u), rows(dt), rows(B), rows(C)
    z = None if z is None else rows(z)
    scan = problem(u, dt, A, B, C, D, z, dt_bias, initial_state, softplus)
    y = memory.empty(u.shape, u.dtype)
    state = torch.empty((u.shape[0], *A.shape) if return_state else 0, dtype=torch.float32)
    kept = memory.empty(checkpoint_shape(scan, keep))
    scan.y = sequence(y)
    scan.final_state = pointer(state) if return_state else None
    scan.checkpoints = pointer(kept) if keep else None
    library.call("scan_forward", scan)
    return y, state, kept


@scan_forward.register_fake
def _(u, dt, A, B, C, D, z, dt_bias, initial_state, softplus, return_state, keep):  # type: ignore[no-untyped-def]
    state = u.new_empty((u.shape[0], *A.shape) if return_state else (0,), dtype=torch.float32)
    count = torch.library.get_ctx().new_dynamic_size() if keep else 0
    return torch.empty_like(u, memory_format=torch.contiguous_format), state, state.new_empty(count)


@torch.library.custom_op("icl_lab::selective_scan_backward", mutates_args=())
def scan_backward(
    grad_y: Tensor,
    grad_state: Tensor | None,
    u: Tensor,
    dt: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None,
    z: Tensor | None,
    dt_bias: Tensor | None,
    initial_state: Tensor | None,
    kept: Tensor,
    softplus: bool,
) -> list[Tensor]:
    """Gradients of u, dt, A, B, C, D, z, dt_bias and initial_state; empty where the input is absent."""
    grad_y, u, dt, B, C = rows(grad_y), rows(u), rows(dt), rows(B), rows(C)
    z = None if z is None else rows(z)
    grad_state = None if grad_state is None else grad_state.contiguous()
    scan = problem(u, dt, A, B, C, D, z, dt_bias, initial_state, softplus)
    scan.checkpoints = pointer(kept)
    inputs = (u, dt, A, B, C, D, z, dt_bias, initial_state)
    grads = [torch.empty(0, dtype=torch.float32) if x is None else memory.empty(x.shape, x.dtype) for x in inputs]
    present = [None if x is None else grad for x, grad in zip(inputs, grads, strict=True)]
    call_backward(scan, grad_y, grad_state, present)
    return grads


def call_backward(
    scan: ScanForward,
    grad_y: Tensor,
    grad_state: Tensor | None,
    grads: list[Tensor | None],
    grad_dt_weight: Tensor | None = None,
) -> None:
    """Fill the gradients (in the order of `scan_backward`, None where absent), which may be parts of larger tensors."""
    grad_u, grad_dt, grad_A, grad_B, grad_C, grad_D, grad_z, grad_dt_bias, grad_initial = grads
    backward = ScanBackward(scan, sequence(grad_y), pointer(grad_state))
    backward.grad_u, backward.grad_dt, backward.grad_z = sequence(grad_u), sequence(grad_dt), sequence(grad_z)
    backward.grad_B, backward.grad_C = sequence(grad_B), sequence(grad_C)
    backward.grad_A, backward.grad_D = pointer(grad_A), pointer(grad_D)
    backward.grad_dt_bias, backward.grad_initial_state = pointer(grad_dt_bias), pointer(grad_initial)
    backward.grad_dt_weight = pointer(grad_dt_weight)
    library.call("scan_backward", backward)


@scan_backward.register_fake
def _(grad_y, grad_state, u, dt, A, B, C, D, z, dt_bias, initial_state, kept, softplus):  # type: ignore[no-untyped-def]
    inputs = (u, dt, A, B, C, D, z, dt_bias, initial_state)
    return [u.new_empty(0) if x is None else x.new_empty(x.shape) for x in inputs]


def _save(ctx, inputs, output):  # type: ignore[no-untyped-def]
    *tensors, ctx.softplus, ctx.return_state, _ = inputs
    kept = output[2]
    ctx.mark_non_differentiable(kept)
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors, kept)


def _backward(ctx, grad_y, grad_state, _):  # type: ignore[no-untyped-def]
    *inputs, kept = ctx.saved_tensors
    grad_state = grad_state if ctx.return_state else None
    if grad_y is None:
        grad_y = torch.zeros_like(inputs[0])
    grads = scan_backward(grad_y, grad_state, *inputs, kept, ctx.softplus)
    return *(None if x is None else grad for x, grad in zip(inputs, grads, strict=True)), None, None, None


scan_forward.register_autograd(_backward, setup_context=_save)
