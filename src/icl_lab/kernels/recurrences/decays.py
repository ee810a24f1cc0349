"""Products of queries and keys that fade with the distance between them, without ever dividing by a decay.

Within a chunk, a query at i meets a key at j < i after the decays of tokens j + 1 ... i. The usual way to write
that as a matrix product is (q exp(G_i)) (k exp(-G_j)) with the running sum G of the logarithms, whose second factor
overflows when decays are strong. Here the triangle of pairs is built by doubling instead: two neighbouring blocks of s
tokens become one of 2s, and a query in the right block meets a key in the left one at the border between them,

    P_ij = sum_c  (q_ic exp(sum of g from the border to i))  (k_jc exp(sum of g from j to the border)).

Each pair has exactly one such border. Every exponent is a sum of numbers that are at most zero, and none is ever the
difference of two sums, so nothing overflows and nothing cancels. Where all decays of a chunk together are known to
be moderate, the usual way is safe, and fewer products.

l tokens of a chunk   s tokens of a block   m pairs of blocks   k d_key, or 1 where all channels of a head decay alike
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from icl_lab.kernels.recurrences.blocks import corners, sizes

# e^40 of each factor leaves room in float32 for what it is multiplied by.
MODERATE = 40.0


class ChunkDecays:
    """The decays of a chunk, kept for all products that fade by them.

    Args:
        log_decay: At most zero, (..., l, k) or, where all channels of a head decay alike, (..., l, 1), for a power of
            two l.
        lowest: What no log decay is below, where that is known.

    Attributes:
        since_start: Product of the decays from the start of the chunk to each token, its own included, (..., l, k).
        to_end: Product of the decays after each token up to the end of the chunk, (..., l, k).
        total: Product of all decays, (..., k, 1): what is left of a state after the chunk.
    """

    def __init__(self, log_decay: Float[Tensor, "*heads l k"], lowest: float = -math.inf) -> None:
        length = log_decay.shape[-2]
        self.fade: Tensor | None = None
        self.growth: Tensor | None = None
        if log_decay.shape[-1] > 1 and -lowest * length <= MODERATE:
            sums = torch.ones(length, length, dtype=log_decay.dtype, device=log_decay.device).tril() @ log_decay
            self.since_start, self.growth = sums.exp(), (-sums).exp()
            self.to_end = self.since_start[..., -1:, :] * self.growth
            self.total = self.since_start[..., -1, :, None]
            return
        # Half the largest number, shared out, stands for log 0: the product below would make NaN of 0 * inf.
        finite = log_decay.clamp(min=torch.finfo(log_decay.dtype).min / (2 * length))
        spans = _spans(length, finite)
        decays = torch.unflatten((spans @ finite).exp(), -2, (-1, length))
        # One split: the gradient of separate slices would be three tensors full of zeros.
        self.borders, since_start, to_end = torch.split(decays, [decays.shape[-3] - 2, 1, 1], dim=-3)
        self.since_start, self.to_end = since_start.squeeze(-3), to_end.squeeze(-3)
        self.total = self.since_start[..., -1, :, None]
        if log_decay.shape[-1] == 1:
            ones = torch.ones_like(log_decay)
            (self.fade,) = _Products.apply(self.borders, 1, ones, ones)  # type: ignore[no-untyped-call]

    def products(
        self, queries: Sequence[Float[Tensor, "*heads l d"]], keys: Sequence[Float[Tensor, "*heads l d"]]
    ) -> list[Float[Tensor, "*heads l l"]]:
        """P_ij = sum_c q_ic k_jc (product of the decays of j + 1 ... i in channel c) for j <= i, zero for j > i.

        Returns:
            One matrix a query and key: the first query with all keys, then the second ...
        """
        if self.growth is not None:
            # Side by side: one product for all pairs.
            left = torch.cat([q * self.since_start for q in queries], dim=-2)
            right = torch.cat([k * self.growth for k in keys], dim=-2)
            length = self.growth.shape[-2]
            rows = torch.split(left @ right.mT, length, dim=-2)
            return [product.tril() for row in rows for product in torch.split(row, length, dim=-1)]
        if self.fade is not None:
            return [(q @ k.mT) * self.fade for q in queries for k in keys]
        return list(_Products.apply(self.borders, len(queries), *queries, *keys))  # type: ignore[no-untyped-call]


def _spans(length: int, like: Tensor) -> Float[Tensor, "rows l"]:
    """Ones where a token's decay counts: up to the borders of blocks of 1, 2, 4 ... tokens, the start, and the end.

    Row (level, i), column j. A token in a right block counts what lies between the border and itself, its own decay
    included; a token in a left block what follows it up to the border.
    """
    row = torch.arange(length, device=like.device)[:, None]
    column = row.T
    spans = []
    for size in sizes(length):
        border = row // (2 * size) * (2 * size) + size
        spans.append(
            torch.where(row >= border, (column >= border) & (column <= row), (column > row) & (column < border))
        )
    return torch.cat([*spans, column <= row, column > row]).to(like.dtype)


class _Products(torch.autograd.Function):
    """The triangles of products, filled in place, with a backward pass that visits the borders once more."""

    @staticmethod
    def forward(ctx: Any, borders: Tensor, num_queries: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.num_queries = num_queries
        ctx.save_for_backward(borders, *tensors)
        queries, keys = tensors[:num_queries], tensors[num_queries:]
        length = borders.shape[-2]
        shape = (*queries[0].shape[:-1], length)
        products = [queries[0].new_zeros(shape) for _ in range(len(queries) * len(keys))]
        pairs = [(q, k) for q in queries for k in keys]
        for (q, k), product in zip(pairs, products, strict=True):
            product.diagonal(dim1=-2, dim2=-1).copy_((q * k).sum(-1))
        for level, size in enumerate(sizes(length)):
            left_decay, right_decay = _halves(borders[..., level, :, :], size)
            rights = [_halves(q, size)[1] * right_decay for q in queries]
            lefts = [(_halves(k, size)[0] * left_decay).mT for k in keys]
            across = (right @ left for right in rights for left in lefts)
            for product, block in zip(products, across, strict=True):
                corners(product, size).copy_(block)
        return tuple(products)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        borders, *tensors = ctx.saved_tensors
        queries, keys = tensors[: ctx.num_queries], tensors[ctx.num_queries :]
        own = [grad.diagonal(dim1=-2, dim2=-1)[..., None] for grad in grads]
        rows = [own[i * len(keys) : (i + 1) * len(keys)] for i in range(len(queries))]
        grad_queries = [_dot(row, keys) for row in rows]
        grad_keys = [_dot(column, queries) for column in zip(*rows, strict=True)]
        grad_borders = torch.empty_like(borders)
        for level, size in enumerate(sizes(borders.shape[-2])):
            left_decay, right_decay = _halves(borders[..., level, :, :], size)
            grad_left_decay, grad_right_decay = _halves(grad_borders[..., level, :, :], size)
            right_queries = [_halves(q, size)[1] for q in queries]
            left_keys = [_halves(k, size)[0] for k in keys]
            rights = [q * right_decay for q in right_queries]
            lefts = [k * left_decay for k in left_keys]
            blocks = [corners(grad, size).contiguous() for grad in grads]
            across = [blocks[i * len(keys) : (i + 1) * len(keys)] for i in range(len(queries))]
            grad_rights = [_product_sum(row, lefts) for row in across]
            grad_lefts = [_product_sum([x.mT for x in column], rights) for column in zip(*across, strict=True)]
            for grad, change in zip(grad_queries, grad_rights, strict=True):
                _halves(grad, size)[1].addcmul_(change, right_decay)
            for grad, change in zip(grad_keys, grad_lefts, strict=True):
                _halves(grad, size)[0].addcmul_(change, left_decay)
            grad_right_decay.copy_(_dot(grad_rights, right_queries))
            grad_left_decay.copy_(_dot(grad_lefts, left_keys))
        return grad_borders, None, *grad_queries, *grad_keys


def _halves(x: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Left and right blocks of each pair, (..., l, k) to two of (..., m, s, k), as views."""
    pairs = torch.unflatten(x, -2, (-1, 2, size))
    return pairs[..., 0, :, :], pairs[..., 1, :, :]


def _dot(xs: Sequence[Tensor], ys: Sequence[Tensor]) -> Tensor:
    total = xs[0] * ys[0]
    for x, y in zip(xs[1:], ys[1:], strict=True):
        total.addcmul_(x, y)
    return total


def _product_sum(xs: Sequence[Tensor], ys: Sequence[Tensor]) -> Tensor:
    inner = ys[0].shape[-2]
    if inner > 2:
        total = xs[0] @ ys[0]
        for x, y in zip(xs[1:], ys[1:], strict=True):
            total += x @ y
        return total
    # A batch of products over one or two numbers is faster as a sum of outer products.
    columns = [x[..., i : i + 1] for x in xs for i in range(inner)]
    return _dot(columns, [y[..., i : i + 1, :] for y in ys for i in range(inner)])
