"""Intervals of accuracies over queries, demonstrations and seeds.

Queries of a set share their demonstrations, so that whole sets are resampled, as prompts that share a draw are
elsewhere in the package. A seed is no third source of chance: its sets are as independent of each other as of those of
another seed, and all sets of all seeds are one sample.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from icl_lab.core.streams import Stream

RESAMPLES = 1000
LEVEL = 0.90

Resamples = Float[np.ndarray, " resamples"]


def resampled_accuracy(sets: Sequence[Sequence[bool]], stream: Stream) -> Resamples:
    """Accuracies of bootstrap samples of sets; NaN where there is one set only, which says nothing of others.

    Args:
        sets: For each set whether its answers are right; sets may differ in size.
        stream: Address of the randomness.
    """
    if len(sets) < 2:
        return np.full(RESAMPLES, np.nan)
    rights, sizes = (np.array([count(one) for one in sets]) for count in (sum, len))
    drawn = stream.generator().integers(len(sets), size=(RESAMPLES, len(sets)))
    return rights[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)


def ends(resamples: Resamples) -> tuple[float | None, float | None]:
    """The 5th and the 95th percentile; none where there are none."""
    if np.isnan(resamples).any():
        return None, None
    low, high = np.quantile(resamples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
    return float(low), float(high)
