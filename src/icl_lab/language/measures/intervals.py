"""Intervals of accuracies over queries, demonstrations and seeds, right for few sets too.

Queries of a set share their demonstrations, so a set is what is drawn, not a query. A seed is no third source of
chance: its sets are as independent of each other as of those of another seed, and all sets of all seeds are one sample.

n answers   K sets   r_i of n_i right in set i   p = sum r_i / n

Resampling K < 10 sets gives intervals that are too narrow (of nominal 90% they cover 58% at three sets), and none at
all where every answer is right. Instead:

* variance of p from the sets: K / (K - 1) * sum (r_i - p n_i)^2 / n^2, with K - 1 degrees of freedom;
* mixed with what is expected beforehand, `EFFECT` times the variance of independent answers, which counts for `PRIOR`
  degrees of freedom (a scaled inverse chi-squared prior); never below that of independent answers, at the share
  (right + 1) / (n + 2), so that it is not zero where all are right;
* the score interval of Wilson 1927 with as many answers as would have that variance, and Student's t for the normal
  quantile (the effective sample of Korn & Graubard 1998, for shares in surveys of few clusters). It stays in [0, 1].

`tests/unit/language/measures/test_intervals.py` measures how often they hold the truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

LEVEL = 0.90
EFFECT = 1.5
"""The variance of sets over that of independent answers, expected beforehand; smollm2-135m has 1.15 on average."""
PRIOR = 2.0
"""Degrees of freedom that the expectation counts for."""

Ends = tuple[float | None, float | None]


@dataclass(frozen=True)
class Measured:
    """An accuracy and how sure it is.

    Args:
        value: Share of right answers, or a mean of such shares.
        drawn_in: The same, drawn in from 0 and 1 by one right and one wrong answer.
        variance: Of the value over draws of sets; none where one set says nothing of others.
        freedom: Degrees of freedom of the variance.
    """

    value: float
    drawn_in: float
    variance: float | None
    freedom: float

    @property
    def ends(self) -> Ends:
        """The ends of the 90% interval; none where there is no variance."""
        if self.variance is None:
            return None, None
        size = self.drawn_in * (1 - self.drawn_in) / self.variance
        square = float(stdtrit(self.freedom, (1 + LEVEL) / 2)) ** 2 / size
        middle = self.value + square / 2
        half = np.sqrt(square * self.value * (1 - self.value) + square**2 / 4)
        return max(0.0, float((middle - half) / (1 + square))), min(1.0, float((middle + half) / (1 + square)))


def measured(rights: Sequence[int], sizes: Sequence[int]) -> Measured:
    """The accuracy of sets of answers.

    Args:
        rights: Of each set how many answers are right.
        sizes: Of each set how many there are.

    >>> [round(end, 2) for end in measured([5, 5, 5], [5, 5, 5]).ends]
    [0.77, 1.0]
    """
    right, size = np.asarray(rights, float), np.asarray(sizes, float)
    sets, answers = len(right), size.sum()
    value, drawn_in = float(right.sum() / answers), float((right.sum() + 1) / (answers + 2))
    if sets < 2:
        return Measured(value, drawn_in, None, 0.0)
    independent = drawn_in * (1 - drawn_in) / answers
    between = sets / (sets - 1) * np.square(right - value * size).sum() / answers**2
    freedom = sets - 1 + PRIOR
    mixed = ((sets - 1) * between + PRIOR * EFFECT * independent) / freedom
    return Measured(value, drawn_in, float(max(mixed, independent)), freedom)


def mean_of(parts: Sequence[Measured]) -> Measured:
    """The mean of accuracies with independent sets, as those of tasks are; degrees of freedom after Satterthwaite 1946.

    The mean of these tasks: other tasks might have been chosen, which the interval says nothing of.
    """
    value, drawn_in = (float(np.mean([getattr(one, name) for one in parts])) for name in ("value", "drawn_in"))
    known = [(one.variance, one.freedom) for one in parts if one.variance is not None]
    if len(known) < len(parts):
        return Measured(value, drawn_in, None, 0.0)
    total = sum(variance for variance, _ in known)
    freedom = total**2 / sum(variance**2 / freedom for variance, freedom in known)
    return Measured(value, drawn_in, total / len(parts) ** 2, freedom)
