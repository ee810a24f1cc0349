"""Intervals over prompts by the bootstrap, intervals over training seeds by Student's t, and the ICL regression score.

p num_prompts   l length   r resamples   s training seeds

Two sources of chance are kept apart: which prompts were drawn (the bootstrap, at fixed weights) and which training was
run (the seeds). The papers' bands are the first alone: 1,000 resamples of the prompts, from the 5th to the 95th
percentile (Grazzi et al. 2024; Park et al. 2024, following Garg et al. 2022).

Prompts that share a random draw are no independent sample: their whole batches are resampled, and whoever has one batch
only has no resample and no interval (NaN).

Errors are NaN where no prediction is asked and infinite where a prediction was not a number.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import stdtrit

from icl_lab.core.errors import UserError

RESAMPLES = 1000
LEVEL = 0.90

Errors2d = Float[np.ndarray, "num_prompts length"]
Weights = Float[np.ndarray, "resamples num_prompts"]
Replicates = Float[np.ndarray, "resamples ..."]


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its interval, all of one shape: a number, or a number for each point of a curve."""

    value: Float[np.ndarray, "*shape"]
    low: Float[np.ndarray, "*shape"]
    high: Float[np.ndarray, "*shape"]

    def at(self, index: int) -> tuple[float, float, float]:
        """Value, low and high at one point of a curve."""
        return float(self.value[index]), float(self.low[index]), float(self.high[index])


def resample(num_prompts: int, generator: np.random.Generator, resamples: int = RESAMPLES) -> Weights:
    """How often each prompt occurs in each bootstrap sample (drawn with replacement, as many as there are prompts).

    All that is estimated from the same weights is resampled jointly, which is what makes differences and ratios paired.

    Raises:
        UserError: A number below one.
    """
    if num_prompts < 1 or resamples < 1:
        raise UserError(f"bootstrap: expected at least 1 prompt and 1 resample, got {num_prompts} and {resamples}")
    drawn = generator.integers(num_prompts, size=(resamples, num_prompts))
    cells = drawn + num_prompts * np.arange(resamples)[:, None]
    counts = np.bincount(cells.ravel(), minlength=resamples * num_prompts)
    return counts.reshape(resamples, num_prompts).astype(np.float64)


def mean_interval(errors: Errors2d, weights: Weights, level: float = LEVEL) -> Interval:
    """Mean over prompts at every number of examples, with its percentile interval."""
    return _percentiles(mean_curve(errors), _means(errors, weights), level)


def mean_curve(errors: Errors2d) -> Float[np.ndarray, " length"]:
    """Mean over prompts at every number of examples, without an interval."""
    return _means(errors, _once(errors))[0]


def difference_interval(errors: Errors2d, others: Errors2d, weights: Weights, level: float = LEVEL) -> Interval:
    """Mean of `errors - others`, prompt by prompt: what one predictor is worse by than another on the same prompts.

    Against a baseline this is the excess error; against an oracle, the regret.
    """
    return mean_interval(subtract(errors, others), weights, level)


def score_interval(
    errors: Errors2d, best: Errors2d, zero: Errors2d, weights: Weights, level: float = LEVEL
) -> Interval:
    """ICL regression score: 0 for the predictor that always says zero, 1 for the best baseline, above 1 for better.

        score = sum_k (zero_k - error_k) / sum_k (zero_k - best_k)        k examples shown, means over prompts

    Where a prompt is not scored at every k, each scored prediction counts the same: a point that few prompts reach
    weighs as much as they are. A ratio of means, not a mean of ratios; numerator and denominator are resampled jointly.
    NaN where the best baseline is no better than zero.

    Source: Campbell et al. 2024 (arXiv 2411.03945), the "ICL regression score".
    """
    return area_ratio_interval(subtract(zero, errors), subtract(zero, best), weights, level)


def score_gap_interval(
    errors: Errors2d, leader: Errors2d, best: Errors2d, zero: Errors2d, weights: Weights, level: float = LEVEL
) -> Interval:
    """How far the score of one predictor is below the leader's, both on the same prompts.

    Intervals of two scores may overlap although the difference is clear; this is the interval of the difference.
    """
    return area_ratio_interval(subtract(errors, leader), subtract(zero, best), weights, level)


def area_ratio_interval(gain: Errors2d, possible: Errors2d, weights: Weights, level: float = LEVEL) -> Interval:
    """The area under one curve over that under another; NaN where the latter is not positive."""

    def ratio(weights: Weights) -> Float[np.ndarray, " resamples"]:
        part, whole = area(gain, weights), area(possible, weights)
        return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)

    return _percentiles(ratio(_once(gain))[0], ratio(weights), level)


def mean_error_interval(errors: Errors2d, weights: Weights, level: float = LEVEL) -> Interval:
    """Mean over all scored predictions: of the whole curve, each point counting as many times as prompts reach it."""
    scored = (~np.isnan(errors)).astype(float)

    def mean(weights: Weights) -> Float[np.ndarray, " resamples"]:
        part, whole = area(errors, weights), area(scored, weights)
        return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)

    return _percentiles(mean(_once(errors))[0], mean(weights), level)


def half_interval(errors: Errors2d, zero_error: float, weights: Weights, level: float = LEVEL) -> Interval:
    """Fewest examples after which the mean error is at most half the zero predictor's; infinite where it never is."""
    found = [
        np.where((reached := means <= zero_error / 2).any(axis=1), reached.argmax(axis=1), np.inf)
        for means in (_means(errors, _once(errors)), _means(errors, weights))
    ]
    return _percentiles(found[0][0], found[1], level)


def subtract(errors: Errors2d, others: Errors2d) -> Errors2d:
    """Differences prompt by prompt, for paired comparison."""
    with np.errstate(invalid="ignore"):
        difference = errors - others
    # Two infinite errors differ by no known amount; NaN would read as "not asked".
    return np.where(np.isinf(errors) & np.isinf(others), np.inf, difference)


def area(errors: Errors2d, weights: Weights) -> Float[np.ndarray, " resamples"]:
    """Mean over prompts of the sum of their errors, in each resample; what is not scored counts nothing.

    Where all is scored, that is the area under the learning curve.
    """
    # As a curve of one point: what is infinite stays so.
    return _means(np.nansum(errors, axis=1, keepdims=True), weights)[:, 0]


def mean_area(errors: Errors2d) -> float:
    """Area under the learning curve: the mean over prompts of the sum of their errors."""
    return float(area(errors, _once(errors))[0])


def seed_interval(values: Float[np.ndarray, "seeds ..."], level: float = LEVEL) -> Interval | None:
    """Mean over trainings that differ by their seed alone, with Student's t interval; none for a single training.

    The t interval is used because the bootstrap is far too narrow for the three to five seeds that are usual.
    """
    if (seeds := len(values)) < 2:
        return None
    with np.errstate(invalid="ignore"):  # an infinite error has no standard deviation: its interval is NaN
        mean, std = values.mean(axis=0), values.std(axis=0, ddof=1)
        half = stdtrit(seeds - 1, (1 + level) / 2) * std / np.sqrt(seeds)
        return Interval(np.asarray(mean), np.asarray(mean - half), np.asarray(mean + half))


def _once(errors: Errors2d) -> Weights:
    """The weights of the sample itself: every prompt once."""
    return np.ones((1, errors.shape[0]))


def _means(errors: Errors2d, weights: Weights) -> Float[np.ndarray, "resamples length"]:
    """Weighted means over the prompts in which a point is scored; infinite as soon as one infinite error is drawn."""
    finite = np.where(np.isfinite(errors), errors, 0.0)
    missing = np.isnan(errors)
    sums = weights @ finite
    counts = weights @ (~missing).astype(float) if missing.any() else np.repeat(weights.sum(1)[:, None], len(sums.T), 1)
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    if np.isinf(errors).any():
        rising, falling = (weights @ (errors == sign * np.inf).astype(float) > 0 for sign in (1, -1))
        means[falling] = -np.inf
        means[rising] = np.inf
    return means


def _percentiles(value: np.ndarray | float, replicates: Replicates, level: float) -> Interval:
    if not 0 < level < 1:
        raise UserError(f"interval: expected a level between 0 and 1, got {level}")
    if not len(replicates):
        nothing = np.full(np.shape(value), np.nan)
        return Interval(np.asarray(value), nothing, nothing)
    # Order statistics rather than interpolated ones: exact, as the papers take them, and safe beside infinities.
    ends = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2], axis=0, method="inverted_cdf")
    return Interval(np.asarray(value), np.asarray(ends[0]), np.asarray(ends[1]))
