"""The middle of a Mamba block as one PyTorch operator: native convolution and scan around a matrix product.

One node instead of six spares autograd's bookkeeping and the copies that `chunk` and `split` cause going backward:
gradients are written straight into the parts of the tensors that they belong to. The second product of the block, which
widens the step sizes, is so thin that it is done inside the scan, where its result needs no memory.

b batch   t num_tokens   e channels   n d_state   k width of the convolution   r rank of the step size
"""

import torch
from torch import Tensor

from icl_lab.kernels import library, memory, native_convolution, native_scan
from icl_lab.kernels.library import pointer, rows, sequence


def _parts(projected: Tensor, rank: int, d_state: int) -> tuple[Tensor, Tensor, Tensor]:
    """Step sizes of low rank, B and C, as views."""
    low, B, C = torch.split(projected, [rank, d_state, d_state], dim=-1)
    return low, B, C


@torch.library.custom_op("icl_lab::mamba_inner", mutates_args=())
@library.in_own_precision
def inner_forward(
    xz: Tensor,
    conv_weight: Tensor,
    conv_bias: Tensor | None,
    x_proj: Tensor,
    dt_proj: Tensor,
    dt_bias: Tensor,
    A: Tensor,
    D: Tensor,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Returns y; then, for the backward pass, the convolved inputs, the projections and the checkpoints."""
    x, z = rows(xz).chunk(2, dim=-1)
    rank, d_state = dt_proj.shape[1], A.shape[1]
    u = native_convolution.call_forward(x, conv_weight, conv_bias, True)
    projected = u @ x_proj.T
    low, B, C = _parts(projected, rank, d_state)
    scan = native_scan.problem(u, low, A, B, C, D, z, dt_bias, None, True, dt_weight=dt_proj)
    y, kept = memory.empty(u.shape, u.dtype), memory.empty(native_scan.checkpoint_shape(scan, keep))
    scan.y, scan.checkpoints = sequence(y), pointer(kept) if keep else None
    library.call("scan_forward", scan)
    if not keep:
        return y, u.new_empty(0), u.new_empty(0), kept
    return y, u, projected, kept


@inner_forward.register_fake
def _(xz, conv_weight, conv_bias, x_proj, dt_proj, dt_bias, A, D, keep):  # type: ignore[no-untyped-def]
    shape = (*xz.shape[:2], A.shape[0])
    if not keep:
        return xz.new_empty(shape), *(xz.new_empty(0) for _ in range(2)), A.new_empty(0)
    projected = xz.new_empty((*xz.shape[:2], x_proj.shape[0]))
    kept = A.new_empty(torch.library.get_ctx().new_dynamic_size())
    return xz.new_empty(shape), xz.new_empty(shape), projected, kept


@torch.library.custom_op("icl_lab::mamba_inner_backward", mutates_args=())
@library.in_own_precision
def inner_backward(
    grad_y: Tensor,
    xz: Tensor,
    conv_weight: Tensor,
    conv_bias: Tensor | None,
    x_proj: Tensor,
    dt_proj: Tensor,
    dt_bias: Tensor,
    A: Tensor,
    D: Tensor,
    u: Tensor,
    projected: Tensor,
    kept: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Gradients of the eight inputs, the convolution's bias empty where there is none."""
    xz, rank, d_state = rows(xz), dt_proj.shape[1], A.shape[1]
    x, z = xz.chunk(2, dim=-1)
    low, B, C = _parts(projected, rank, d_state)
    grad_xz, grad_projected = memory.empty(xz.shape, xz.dtype), torch.empty_like(projected)
    grad_x, grad_z = grad_xz.chunk(2, dim=-1)
    grad_low, grad_B, grad_C = _parts(grad_projected, rank, d_state)
    grad_u, grad_dt_proj = memory.empty(u.shape, u.dtype), torch.empty_like(dt_proj)
    grad_A, grad_D, grad_dt_bias = torch.empty_like(A), torch.empty_like(D), torch.empty_like(dt_bias)

    scan = native_scan.problem(u, low, A, B, C, D, z, dt_bias, None, True, dt_weight=dt_proj)
    scan.checkpoints = pointer(kept)
    grads: list[Tensor | None] = [grad_u, grad_low, grad_A, grad_B, grad_C, grad_D, grad_z, grad_dt_bias, None]
    native_scan.call_backward(scan, rows(grad_y), None, grads, grad_dt_proj)

    flat_u, flat_projected = u.flatten(0, 1), grad_projected.flatten(0, 1)
    grad_x_proj = flat_projected.T @ flat_u
    grad_u.flatten(0, 1).addmm_(flat_projected, x_proj)
    grad_weight, grad_bias = native_convolution.call_backward(grad_u, x, conv_weight, conv_bias, True, grad_x)
    grad_bias = conv_weight.new_empty(0) if grad_bias is None else grad_bias
    return grad_xz, grad_weight, grad_bias, grad_x_proj, grad_dt_proj, grad_dt_bias, grad_A, grad_D


@inner_backward.register_fake
def _(grad_y, xz, conv_weight, conv_bias, x_proj, dt_proj, dt_bias, A, D, u, projected, kept):  # type: ignore[no-untyped-def]
    bias = conv_weight.new_empty(0) if conv_bias is None else conv_bias
    return tuple(t.new_empty(t.shape) for t in (xz, conv_weight, bias, x_proj, dt_proj, dt_bias, A, D))


def _save(ctx, inputs, output):  # type: ignore[no-untyped-def]
    *tensors, _ = inputs
    kept = output[1:]
    ctx.mark_non_differentiable(*kept)
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors, *kept)


def _backward(ctx, grad_y, *_):  # type: ignore[no-untyped-def]
    if grad_y is None:
        return (None,) * 9
    grads = list(inner_backward(grad_y, *ctx.saved_tensors))
    if ctx.saved_tensors[2] is None:
        grads[2] = None
    return *grads, None


inner_forward.register_autograd(_backward, setup_context=_save)
