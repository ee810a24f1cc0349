"""Cutting sequences into chunks, and the state that one chunk hands to the next.

b batch   h num_heads   t num_tokens   n num_chunks   l tokens of a chunk   k d_key   v d_value
"""

from contextlib import AbstractContextManager

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from icl_lab.core.errors import UserError

# Faster than 8 and 32 at the sizes of in-context learning: keys and values of 16 to 32 numbers.
LENGTH = 16


def chunk_length(num_tokens: int, chunk: int) -> int:
    """The tokens of a chunk: `chunk`, or for a shorter sequence the power of two that holds it.

    >>> chunk_length(81, 32), chunk_length(5, 32)
    (32, 8)

    Raises:
        UserError: `chunk` is not a power of two.
    """
    if chunk < 1 or chunk & (chunk - 1):
        raise UserError(f"chunk must be a power of two, got {chunk}")
    return min(chunk, 1 << (num_tokens - 1).bit_length())


def cut(x: Float[Tensor, "b h t k"], length: int, dtype: torch.dtype) -> Float[Tensor, "b h n l k"]:
    """The chunks; the last one is filled up with zeros, which neither write, nor decay, nor are read."""
    missing = -x.shape[2] % length
    x = x.to(dtype)
    x = F.pad(x, (0, 0, 0, missing)) if missing else x.contiguous()
    return torch.unflatten(x, 2, (-1, length))


def joined(x: Float[Tensor, "b h n l v"], num_tokens: int) -> Float[Tensor, "b h t v"]:
    """The sequence that was cut."""
    return x.flatten(2, 3)[:, :, :num_tokens]


def exact_products(x: Tensor) -> AbstractContextManager[None]:
    """Products in the precision of their factors: under autocast, a state in bf16 would forget what is small."""
    return torch.autocast(x.device.type, enabled=False)
