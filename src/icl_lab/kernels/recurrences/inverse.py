"""The inverse of I - A for strictly lower triangular A, by doubling: products instead of a solve for each matrix.

A batch of small triangular solves runs one matrix after the other on a CPU; products run together.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.kernels.recurrences.blocks import corners, diagonal_blocks, sizes


def inverse_minus(A: Float[Tensor, "*batch l l"]) -> Float[Tensor, "*batch l l"]:
    """(I - A)^-1 for strictly lower triangular A; l is a power of two.

    With blocks A = [[a, 0], [c, d]] the inverse is [[x, 0], [y c x, y]], x = (I - a)^-1 and y = (I - d)^-1: forward
    substitution, block by block. (The product (I + A)(I + A^2)(I + A^4) ... costs more and overflows where A is large.)

    >>> inverse_minus(torch.tensor([[0.0, 0.0], [3.0, 0.0]]))
    tensor([[1., 0.],
            [3., 1.]])
    """
    return _InverseMinus.apply(A)  # type: ignore[no-untyped-call]


class _InverseMinus(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, A: Tensor) -> Tensor:
        inverse = torch.eye(A.shape[-1], dtype=A.dtype, device=A.device).repeat(*A.shape[:-2], 1, 1)
        for size in sizes(A.shape[-1]):
            solved = diagonal_blocks(inverse, size)
            corners(inverse, size).copy_(solved[..., 1::2, :, :] @ corners(A, size) @ solved[..., ::2, :, :])
        ctx.save_for_backward(inverse)
        return inverse

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (inverse,) = ctx.saved_tensors
        transposed = inverse.mT
        return (transposed @ grad @ transposed).tril(-1)
