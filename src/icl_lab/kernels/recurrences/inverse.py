"""The inverse of I - A for strictly lower triangular A, by doubling: matrix products instead of a solve for each matrix.

A batch of small triangular solves runs one matrix after the other on a CPU; products run together.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


def inverse_minus(A: Float[Tensor, "*batch l l"]) -> Float[Tensor, "*batch l l"]:
    """(I - A)^-1 for strictly lower triangular A; l is a power of two.

    With blocks A = [[a, 0], [c, d]] the inverse is [[x, 0], [y c x, y]], x = (I - a)^-1 and y = (I - d)^-1: forward
    substitution, block by block. (The product (I + A)(I + A^2)(I + A^4) ... costs more, and overflows where A is large.)

    >>> inverse_minus(torch.tensor([[0.0, 0.0], [3.0, 0.0]]))
    tensor([[1., 0.],
            [3., 1.]])
    """
    return _InverseMinus.apply(A)  # type: ignore[no-untyped-call]


class _InverseMinus(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, A: Tensor) -> Tensor:
        length = A.shape[-1]
        blocks = A.new_ones(*A.shape[:-2], length, 1, 1)
        size = 1
        while size < length:
            # The lower left quarter of each block of twice the size on the diagonal.
            across = _corners(A, size)
            x, y = blocks.unflatten(-3, (-1, 2)).unbind(-3)
            upper = torch.cat([x, torch.zeros_like(x)], dim=-1)
            blocks = torch.cat([upper, torch.cat([y @ across @ x, y], dim=-1)], dim=-2)
            size *= 2
        inverse = blocks[..., 0, :, :]
        ctx.save_for_backward(inverse)
        return inverse

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (inverse,) = ctx.saved_tensors
        return (inverse.mT @ grad @ inverse.mT).tril(-1)


def _corners(A: Tensor, size: int) -> Tensor:
    """(..., l, l) to the lower left (size, size) corners of its diagonal blocks of twice the size, (..., m, size, size)."""
    blocks = A.unflatten(-2, (-1, 2, size)).unflatten(-1, (-1, 2, size))
    return blocks[..., :, 1, :, :, 0, :].diagonal(dim1=-4, dim2=-2).movedim(-1, -3)
