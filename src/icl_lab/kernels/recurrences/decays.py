"""Products of queries and keys that fade with the distance between them, without ever dividing by a decay.

Within a chunk, a query at i meets a key at j < i after the decays of tokens j + 1 ... i. The usual way to write
that as a matrix product is (q exp(G_i)) (k exp(-G_j)) with the running sum G of the logarithms, whose second factor
overflows when decays are strong. Here a chunk is built by doubling instead: two neighbouring blocks of s tokens become
one of 2s, and a query in the right block meets a key in the left one at the border between them,

    P_ij = sum_c  (q_ic exp(sum of g from the border to i))  (k_jc exp(sum of g from j to the border)),

so that every exponent is a sum of numbers that are at most zero, and no sum is ever a difference of two others. Each
pair has exactly one such border. Nothing overflows, nothing cancels, and log 0 = -inf is a valid decay.

n num_chunks   l tokens of a chunk   s tokens of a block   m blocks of a chunk   k d_key, or 1 where a head decays as one
"""

import torch
from jaxtyping import Float
from torch import Tensor


class ChunkDecays:
    """The decays of a chunk, kept for all products that fade by them.

    Args:
        log_decay: At most zero, (..., l, k) or, where all channels of a head decay alike, (..., l, 1); l is a power of 2.

    Attributes:
        since_start: Product of the decays from the start of the chunk to each token, its own included, (..., l, k).
        to_end: Product of the decays after each token up to the end of the chunk, (..., l, k).
        total: Product of all decays, (..., k, 1): what is left of a state after the chunk.
    """

    def __init__(self, log_decay: Float[Tensor, "*heads l k"]) -> None:
        self.borders: list[tuple[Tensor, Tensor]] = []
        since, until = log_decay[..., None, :], torch.zeros_like(log_decay[..., None, :])  # blocks of one token
        while since.shape[-3] > 1:
            left_since, right_since = _pairs(since)
            left_until, right_until = _pairs(until)
            self.borders.append((right_since.exp(), left_until.exp()))
            since = torch.cat([left_since, right_since + left_since[..., -1:, :]], dim=-2)
            # What a key has left behind at its block's end still passes the whole block on its right.
            until = torch.cat([left_until + right_since[..., -1:, :], right_until], dim=-2)
        self.since_start = since[..., 0, :, :].exp()
        self.to_end = until[..., 0, :, :].exp()
        self.total = self.since_start[..., -1, :, None]
        self.one_for_all = log_decay.shape[-1] == 1
        if self.one_for_all:
            ones = torch.ones_like(log_decay)
            self.fade = self._double(ones, ones)

    def products(self, q: Float[Tensor, "*heads l k"], k: Float[Tensor, "*heads l k"]) -> Float[Tensor, "*heads l l"]:
        """P_ij = sum_c q_ic k_jc prod of the decays of j + 1 ... i in channel c, for j <= i; zero for j > i."""
        return (q @ k.mT) * self.fade if self.one_for_all else self._double(q, k)

    def products_before(
        self, q: Float[Tensor, "*heads l k"], k: Float[Tensor, "*heads l k"]
    ) -> Float[Tensor, "*heads l l"]:
        """The same for a query that reads before the decay of its own token: decays of j + 1 ... i - 1, j < i."""
        # What reads before token i reads after token i - 1.
        return later(self.products(earlier(q), k))

    def _double(self, q: Tensor, k: Tensor) -> Tensor:
        products = (q * k).sum(-1)[..., None, None]
        for since_border, until_border in self.borders:
            right = _pairs(_blocks(q, since_border))[1] * since_border
            left = _pairs(_blocks(k, until_border))[0] * until_border
            above, below = _pairs(products)
            across = right @ left.mT
            upper = torch.cat([above, torch.zeros_like(above)], dim=-1)
            products = torch.cat([upper, torch.cat([across, below], dim=-1)], dim=-2)
        return products[..., 0, :, :]


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


def _pairs(blocks: Tensor) -> tuple[Tensor, Tensor]:
    """Left and right blocks of each pair: (..., m, s, k) to two of (..., m / 2, s, k)."""
    left, right = blocks.unflatten(-3, (-1, 2)).unbind(-3)
    return left, right


def _blocks(x: Tensor, half: Tensor) -> Tensor:
    """(..., l, k) in blocks as long as those of a border."""
    return x.unflatten(-2, (-1, half.shape[-2]))
