"""Views of square matrices as blocks, through which a lower triangle is filled from the diagonal outwards.

l rows and columns   s rows and columns of a block   m blocks
"""

import torch
from jaxtyping import Float
from torch import Tensor


def diagonal_blocks(A: Float[Tensor, "*batch l l"], size: int) -> Float[Tensor, "*batch m s s"]:
    """The blocks on the diagonal, as a view.

    >>> diagonal_blocks(torch.arange(16.0).view(4, 4), 2).tolist()
    [[[0.0, 1.0], [4.0, 5.0]], [[10.0, 11.0], [14.0, 15.0]]]
    """
    blocks = torch.unflatten(torch.unflatten(A, -2, (-1, size)), -1, (-1, size))
    return blocks.diagonal(dim1=-4, dim2=-2).movedim(-1, -3)


def corners(A: Float[Tensor, "*batch l l"], size: int) -> Float[Tensor, "*batch m s s"]:
    """The lower left quarters of the diagonal blocks of twice the size, as a view.

    >>> corners(torch.arange(16.0).view(4, 4), 1).tolist()
    [[[4.0]], [[14.0]]]
    """
    return diagonal_blocks(A, 2 * size)[..., size:, :size]


def sizes(length: int) -> list[int]:
    """Sizes of the blocks that are paired on the way to `length`, a power of two.

    >>> sizes(8)
    [1, 2, 4]
    """
    return [1 << level for level in range(length.bit_length() - 1)]


def earlier(x: Float[Tensor, "*heads l k"]) -> Float[Tensor, "*heads l k"]:
    """Each row moved to the token before; the last one is zero.

    >>> earlier(torch.tensor([[1.0], [2.0], [3.0]])).T
    tensor([[2., 3., 0.]])
    """
    return torch.cat([x[..., 1:, :], torch.zeros_like(x[..., :1, :])], dim=-2)


def later(x: Float[Tensor, "*heads l k"]) -> Float[Tensor, "*heads l k"]:
    """Each row moved to the token after; the first one is zero.

    >>> later(torch.tensor([[1.0], [2.0], [3.0]])).T
    tensor([[0., 1., 2.]])
    """
    return torch.cat([torch.zeros_like(x[..., :1, :]), x[..., :-1, :]], dim=-2)
