"""How near a model's answers are to those of classical methods, and which method is nearest.

    distance       mean over queries and functions of (model - method)^2, in the unit of the task's error
                   (Akyurek et al. 2023, section 4.1: squared prediction difference)
    similarity     cosine between the errors of both over all queries (Fu et al. 2023, section 4: similarity of errors)
    weights        |w_model - w_method|^2, in the same unit: the distance that it means for inputs of variance 1

The functions are halved: in each family the member nearest on the first half takes part, and all numbers are those of
the second half, with intervals from resampling its functions.

s members   f functions   q queries   d dim   r resamples
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import ExampleBaseline
from icl_lab.evaluation.statistics import Interval, Weights, mean_interval
from icl_lab.probing.algorithms.answers import Answers
from icl_lab.probing.algorithms.families import Family, words

ABOUT = 0.01
"""By how much a method may be farther than the nearest and still be named for it, as the simpler one."""


@dataclass(frozen=True)
class Match:
    """One family beside a model.

    Args:
        family: The family.
        member: Its member that is nearest on the first half of the functions.
        distance: With its interval.
        similarity: Of errors; NaN where the method has none.
        weights: Distance of implied weights with its interval; none where there are none.
        distances: Function by function, of the second half.
        by_member: Mean distance of every member, on the second half.
        on_first: The same on the first half, which settings are chosen by.
    """

    family: Family
    member: ExampleBaseline
    distance: tuple[float, float, float]
    similarity: float
    weights: tuple[float, float, float] | None
    distances: Float[np.ndarray, " functions"]
    by_member: Float[np.ndarray, " members"]
    on_first: Float[np.ndarray, " members"]


@dataclass(frozen=True)
class Verdict:
    """Which method a model is nearest to.

    Args:
        match: The nearest, or the simplest of those that are about as near.
        share: Part of the resamples in which it is the nearest or about as near.
        as_near: Other methods whose distance is not told apart from its by these functions.
    """

    match: Match
    share: float
    as_near: tuple[Match, ...]

    @property
    def sentence(self) -> str:
        """The nearest method with its distance."""
        value, low, high = self.match.distance
        others = f"; as near: {', '.join(words(one.member) for one in self.as_near[:3])}" if self.as_near else ""
        return f"{words(self.match.member)} ({value:.2g} [{low:.2g} to {high:.2g}]{others})"


def halves(functions: int) -> tuple[slice, slice]:
    """The functions that settings are chosen on, and those that count."""
    return slice(0, functions // 2), slice(functions // 2, functions)


def matches(
    predictions: Float[Tensor, "functions queries"],
    labels: Float[Tensor, "functions queries"],
    methods: Sequence[Answers],
    normaliser: float,
    weights: Weights,
    implied: Float[Tensor, "functions dim"] | None = None,
) -> tuple[Match, ...]:
    """Every family beside a model's predictions.

    Args:
        predictions: Of the model, float64.
        labels: What was right.
        methods: Their answers to the same questions.
        normaliser: What squared errors are divided by.
        weights: Bootstrap weights of the functions that count.
        implied: Weights that the model's answers imply.
    """
    return tuple(_match(predictions, labels, one, normaliser, weights, implied) for one in methods)


def _match(
    predictions: Float[Tensor, "f q"],
    labels: Float[Tensor, "f q"],
    method: Answers,
    normaliser: float,
    weights: Weights,
    implied: Float[Tensor, "f d"] | None,
) -> Match:
    choosing, counting = halves(len(predictions))
    apart = (method.predictions - predictions).square().mean(-1) / normaliser
    means = apart[:, choosing].mean(1)
    # Of members that are about as near, the first: that of the fewest steps.
    chosen = int((means <= (1 + ABOUT) * means.min()).int().argmax())
    own, theirs = (part[counting] - labels[counting] for part in (predictions, method.predictions[chosen]))
    lengths = float(own.norm() * theirs.norm())
    # A method whose errors are rounding has no direction in which it errs.
    errs = lengths > 0 and float(theirs.norm()) > 1e-6 * float(labels.norm())
    distance = None
    if implied is not None and method.weights is not None:
        gap = (method.weights[chosen, counting] - implied[counting]).square().sum(-1) / normaliser
        distance = _interval(gap.numpy(), weights)
    return Match(
        family=method.family,
        member=method.family.members[chosen],
        distance=_interval(apart[chosen, counting].numpy(), weights),
        similarity=float((own * theirs).sum()) / lengths if errs else np.nan,
        weights=distance,
        distances=apart[chosen, counting].numpy(),
        by_member=apart[:, counting].mean(1).numpy(),
        on_first=means.numpy(),
    )


def nearest(found: Sequence[Match], weights: Weights) -> Verdict:
    """The nearest of all families; of those that are about as near, the first.

    Args:
        found: From `matches`.
        weights: Bootstrap weights of the functions that count.
    """
    sums = np.vstack([np.ones(weights.shape[1]), weights]) @ np.stack([one.distances for one in found], axis=1)
    about = sums <= (1 + ABOUT) * sums.min(1, keepdims=True)
    # The preference for the simple is in the name alone. In the share it would hand the resamples of methods that are
    # about as near to the first of them.
    chosen = int(about[0].argmax())
    best = found[chosen]
    share = float(about[1:, chosen].mean())
    as_near = [one for one in found if one is not best and _not_told_apart(best, one, weights)]
    return Verdict(best, share, tuple(sorted(as_near, key=lambda one: one.distance[0])))


def _not_told_apart(best: Match, other: Match, weights: Weights) -> bool:
    _, low, _ = _interval(other.distances - best.distances, weights)
    return low <= 0


def _interval(values: Float[np.ndarray, " functions"], weights: Weights) -> tuple[float, float, float]:
    interval: Interval = mean_interval(values[:, None], weights)
    return interval.at(0)
