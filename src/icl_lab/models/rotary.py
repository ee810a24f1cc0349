"""Rotary positions: queries and keys are turned by angles proportional to their position (Su et al. 2021, eq. 34).

b batch   h heads   t num_tokens   c d_head, in two halves whose entries j and j + c/2 form the j-th plane
"""

import torch
from jaxtyping import Float
from torch import Tensor

BASE = 10_000.0


def rotate(x: Float[Tensor, "b h t c"], first: int = 0) -> Float[Tensor, "b h t c"]:
    """Turn plane j of the vector at position p by the angle p * BASE^(-2j/c).

    Args:
        x: Queries or keys; c is even.
        first: Position of the first vector.
    """
    half = x.shape[-1] // 2
    # Angles of long contexts need more than bf16; they are computed in float32 at least.
    dtype = torch.promote_types(x.dtype, torch.float32)
    rates = BASE ** (-torch.arange(half, dtype=dtype, device=x.device) / half)
    angles = torch.outer(torch.arange(first, first + x.shape[2], dtype=dtype, device=x.device), rates)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    left, right = x[..., :half], x[..., half:]
    return torch.cat([left * cos - right * sin, right * cos + left * sin], dim=-1)
