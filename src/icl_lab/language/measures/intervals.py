"""Intervals of accuracies, and of their differences, over queries, demonstrations and seeds, right for few sets too.

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

Contrasts, such as differences, are of answers to the same queries, so what makes a set hard is in both and falls out.
Their variance comes from the sets in the same way, mixed with that of independent queries, among which are two more
that change, one each way (for differences the variance of Bonett & Price 2012 for paired shares). The interval is as
many standard deviations to each side of the value as Student's t says; its middle is not drawn in, since a mean over
tasks would stay as far off as each of them while its interval becomes narrow.

`tests/unit/language/measures/test_intervals.py` measures how often they hold the truth.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from scipy.special import stdtrit

LEVEL = 0.90
EFFECT = 1.5
"""The variance of sets over that of independent answers, expected beforehand; smollm2-135m has 1.15 on average."""
PRIOR = 2.0
"""Degrees of freedom that the expectation counts for."""

Ends = tuple[float | None, float | None]


@dataclass(frozen=True)
class Sampled(ABC):
    """A number from sets of answers, and how sure it is.

    Args:
        value: The number.
        variance: Of the value over draws of sets; none where one set says nothing of others.
        freedom: Degrees of freedom of the variance.
    """

    value: float
    variance: float | None
    freedom: float

    @property
    @abstractmethod
    def ends(self) -> Ends:
        """The ends of the 90% interval; none where there is no variance."""

    @property
    def student(self) -> float:
        """Half of the interval, in standard deviations."""
        return float(stdtrit(self.freedom, (1 + LEVEL) / 2))


@dataclass(frozen=True)
class Measured(Sampled):
    """An accuracy: a share of right answers, or a mean of such shares.

    Args:
        drawn_in: The same, drawn in from 0 and 1 by one right and one wrong answer.
    """

    drawn_in: float

    @property
    def ends(self) -> Ends:
        if self.variance is None:
            return None, None
        size = self.drawn_in * (1 - self.drawn_in) / self.variance
        square = self.student**2 / size
        middle = self.value + square / 2
        half = np.sqrt(square * self.value * (1 - self.value) + square**2 / 4)
        return max(0.0, float((middle - half) / (1 + square))), min(1.0, float((middle + half) / (1 + square)))


@dataclass(frozen=True)
class Contrast(Sampled):
    """A sum of accuracies on the same queries, such as a difference of two, or a mean of such sums."""

    @property
    def ends(self) -> Ends:
        if self.variance is None:
            return None, None
        half = self.student * float(np.sqrt(self.variance))
        return max(-1.0, self.value - half), min(1.0, self.value + half)


AnySampled = TypeVar("AnySampled", bound=Sampled)


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
        return Measured(value, None, 0.0, drawn_in)
    independent = drawn_in * (1 - drawn_in) / answers
    return Measured(value, *_mixed(right - value * size, answers, independent), drawn_in)


def contrast(*parts: tuple[Sequence[Sequence[bool]], float]) -> Contrast:
    """A sum of accuracies on the same queries, each with its weight; it must lie between -1 and 1.

    Args:
        parts: Of each set, of each query, whether the answer is right; and the weight: 1 and -1 for a difference.

    >>> contrast(([[True, True], [True, False]], 1.0), ([[False, True], [False, False]], -1.0)).value
    0.5
    """
    weights = np.array([weight for _, weight in parts])
    sets = [weights @ np.asarray(of_set, float) for of_set in zip(*(answers for answers, _ in parts), strict=True)]
    size, total = np.array([len(one) for one in sets], float), np.array([one.sum() for one in sets], float)
    answers = size.sum()
    value = float(total.sum() / answers)
    if len(sets) < 2:
        return Contrast(value, None, 0.0)
    squares = (np.square(np.concatenate(sets)).sum() + 2) / (answers + 2)
    independent = float((squares - (total.sum() / (answers + 2)) ** 2) / (answers + 2))
    return Contrast(value, *_mixed(total - value * size, answers, independent))


def mean_of(parts: Sequence[AnySampled]) -> AnySampled:
    """The mean of numbers with independent sets, as those of tasks are; degrees of freedom after Satterthwaite 1946.

    The mean of these tasks: other tasks might have been chosen, which the interval says nothing of.
    """
    averaged = {name: float(np.mean([getattr(one, name) for one in parts]))
                for name in ("value", "drawn_in") if hasattr(parts[0], name)}  # fmt: skip
    known = [(one.variance, one.freedom) for one in parts if one.variance is not None]
    if len(known) < len(parts):
        return replace(parts[0], **averaged, variance=None, freedom=0.0)
    total = sum(variance for variance, _ in known)
    freedom = total**2 / sum(variance**2 / freedom for variance, freedom in known)
    return replace(parts[0], **averaged, variance=total / len(parts) ** 2, freedom=freedom)


def _mixed(deviations: np.ndarray, answers: float, independent: float) -> tuple[float, float]:
    """Variance and degrees of freedom, from what each set deviates by and from what is expected beforehand."""
    sets = len(deviations)
    between = sets / (sets - 1) * np.square(deviations).sum() / answers**2
    freedom = sets - 1 + PRIOR
    mixed = ((sets - 1) * between + PRIOR * EFFECT * independent) / freedom
    return float(max(mixed, independent)), freedom


def difference_of_counts(first: Sequence[tuple[int, int]], second: Sequence[tuple[int, int]]) -> Contrast:
    """How much more often the first is right than the second on the same questions, where only counts of sets are kept.

    Which questions both have right is not known, so the variance is that between sets alone, with a degree of freedom
    less than there are sets. It is never below that of independent pairs of answers at the fewest right-then-wrong and
    wrong-then-right that the counts allow, with one more of each.

    Args:
        first: Of each set how many were right, and how many were asked.
        second: The same sets, answered in the other way.

    >>> difference_of_counts([(4, 5), (5, 5)], [(3, 5), (2, 5)]).value
    0.4
    """
    if [asked for _, asked in first] != [asked for _, asked in second]:
        raise ValueError("expected the same sets of questions, answered in two ways")
    gain = np.array([one - other for (one, _), (other, _) in zip(first, second, strict=True)], float)
    size = np.array([asked for _, asked in first], float)
    sets, answers = len(gain), size.sum()
    value = float(gain.sum() / answers)
    more, less = ((float(np.clip(sign * gain, 0, None).sum()) + 1) / (answers + 2) for sign in (1, -1))
    if sets < 2:
        return Contrast(value, None, 0.0)
    between = sets / (sets - 1) * np.square(gain - value * size).sum() / answers**2
    return Contrast(value, float(max(between, (more + less - (more - less) ** 2) / (answers + 2))), sets - 1)
