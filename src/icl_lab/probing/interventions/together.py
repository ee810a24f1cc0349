"""Many changes at once: which of them are told apart from none, so that chance rarely makes one of them stand out.

Of two hundred differences that are all nothing, twenty are outside their 90% intervals. Here the signs of the
differences are flipped, prompt by prompt and for all cells together: a cell stands out if it is larger than the largest
of all cells of most flips. Where nothing differs, the chance that any cell stands out at level a is at most a
(single-step maximum statistic: Westfall & Young 1993; sign flips as in Nichols & Holmes 2002).

It takes prompts that are independent and differences that are symmetric about 0 where there is no effect.

c cells   p num_prompts
"""

import numpy as np
from jaxtyping import Float

from icl_lab.core.streams import Stream

FLIPS = 5000
"""Sign flips: chances are known to 1 / 5,001, and near 0.1 to 0.004."""


def chances(differences: Float[np.ndarray, "c p"], stream: Stream, flips: int = FLIPS) -> Float[np.ndarray, " c"]:
    """For each cell, how often the largest of all cells is at least as large when signs are flipped.

    Args:
        differences: What a change makes, prompt by prompt; NaN where a prompt is not asked.
        stream: Of the flips.
        flips: How many.

    Returns:
        Between 1 / (flips + 1) and 1; 1 where nothing differs at all, and NaN where a difference is infinite.
    """
    finite = ~np.isinf(differences).any(axis=1)
    known = np.nan_to_num(differences[finite])
    # A sum over its spread, which no flip changes: cells of small differences count as much as those of large ones.
    spread = np.sqrt(np.sum(known**2, axis=1, keepdims=True))
    scaled = np.divide(known, spread, out=np.zeros_like(known), where=spread > 0)
    signs = stream.generator().choice([-1.0, 1.0], size=(flips, known.shape[1]))
    largest = np.abs(signs @ scaled.T).max(axis=1, initial=0.0)
    # Sums of the same numbers in another order differ by rounding.
    mine = np.abs(scaled.sum(axis=1)) * (1 - 1e-9)
    found = np.full(len(differences), np.nan)
    found[finite] = (1 + (largest[:, None] >= mine).sum(axis=0)) / (flips + 1)
    return found
