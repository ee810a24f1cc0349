"""Rotary positions: queries and keys are turned by angles proportional to their position (Su et al. 2021, eq. 34).

b batch   h heads   t num_tokens   c d_head, in two halves whose entries j and j + c/2 form the j-th plane   r planes
"""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.autograd.function import once_differentiable

BASE = 10_000.0


def rotate(x: Float[Tensor, "b h t c"], at: int | Int[Tensor, " t"] = 0) -> Float[Tensor, "b h t c"]:
    """Turn plane j of the vector at position p by the angle p * BASE^(-2j/c).

    Args:
        x: Queries or keys; c is even.
        at: Position of the first vector, or of each.
    """
    half = x.shape[-1] // 2
    # Angles of long contexts need more than bf16; they are computed in float32 at least.
    dtype = torch.promote_types(x.dtype, torch.float32)
    rates = BASE ** (-torch.arange(half, dtype=dtype, device=x.device) / half)
    positions = at if isinstance(at, Tensor) else torch.arange(at, at + x.shape[2], device=x.device)
    angles = torch.outer(positions.to(dtype), rates)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    left, right = x[..., :half], x[..., half:]
    # `cat` may lay transposed vectors out with the last axis apart, and PyTorch's fused attention refuses those.
    return torch.cat([left * cos - right * sin, right * cos + left * sin], dim=-1).contiguous()


def turn(
    q: Float[Tensor, "b h t c"], k: Float[Tensor, "b h t c"], angles: Float[Tensor, "b h t r"]
) -> tuple[Float[Tensor, "b h t c"], Float[Tensor, "b h t c"]]:
    """Turn queries and keys by given angles, in place: entries j and j + r form plane j < r, those from 2r on stay.

    In place, since on a CPU such a step costs what the memory costs that it fills.

    Args:
        q: Queries; a result whose backward pass does not need it, such as a sum.
        k: Keys; likewise.
        angles: One for each plane; gradients flow into them too.
    """
    turned: tuple[Tensor, Tensor] = _Turn.apply(q, k, angles)  # type: ignore[no-untyped-call]
    return turned


class _Turn(torch.autograd.Function):
    """The derivative of a turned plane by its angle is the turned plane, turned by a right angle."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, angles: Tensor) -> tuple[Tensor, Tensor]:
        cos, sin = angles.cos(), angles.sin()
        _turn(q, cos, sin)
        _turn(k, cos, sin)
        ctx.mark_dirty(q, k)
        ctx.save_for_backward(q, k, cos, sin)
        return q, k

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_q: Tensor, grad_k: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q, k, cos, sin = ctx.saved_tensors
        grad_angles = torch.zeros_like(cos)
        for turned, grad in ((q, grad_q), (k, grad_k)):
            (left, right), (grad_left, grad_right) = _planes(turned, cos), _planes(grad, cos)
            grad_angles.addcmul_(grad_right, left).addcmul_(grad_left, right, value=-1)
        grads = grad_q.clone(), grad_k.clone()
        for grad in grads:
            _turn(grad, cos, -sin)
        return *grads, grad_angles


def _turn(x: Tensor, cos: Tensor, sin: Tensor) -> None:
    left, right = _planes(x, cos)
    before = left.clone()
    left.mul_(cos).addcmul_(right, sin, value=-1)
    right.mul_(cos).addcmul_(before, sin)


def _planes(x: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    planes = like.shape[-1]
    return x[..., :planes], x[..., planes : 2 * planes]
