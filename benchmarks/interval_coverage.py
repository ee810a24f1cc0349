"""How often 90% intervals of few-shot accuracies hold the truth: `python benchmarks/interval_coverage.py`.

Beside resampling of sets. Sets of five answers, Beta-binomial; shares right 0.1 to 0.97, correlation within a set 0 to
0.3, 500 trials each.
"""

import numpy as np

from icl_lab.language.measures.intervals import measured

IN_A_SET, TRIALS, RESAMPLES = 5, 500, 1000
SETS = (3, 4, 5, 6, 8, 20)
CASES = [(share, alike) for share in (0.1, 0.3, 0.5, 0.9, 0.97) for alike in (0.0, 0.1, 0.3)]


def draw(generator: np.random.Generator, sets: int, share: float, alike: float) -> np.ndarray:
    """How many of each set are right."""
    both = (1 - alike) / alike if alike else np.inf
    chances = generator.beta(share * both, (1 - share) * both, size=sets) if alike else np.full(sets, share)
    return generator.binomial(IN_A_SET, chances)


def resampled(generator: np.random.Generator, right: np.ndarray) -> tuple[float, float]:
    """The percentiles of means over resampled sets."""
    means = right[generator.integers(len(right), size=(RESAMPLES, len(right)))].mean(axis=1) / IN_A_SET
    return float(np.quantile(means, 0.05)), float(np.quantile(means, 0.95))


def coverage(sets: int, share: float, alike: float) -> tuple[float, float]:
    """How often resampling holds the share, and how often our intervals do."""
    generator, held = np.random.default_rng([sets, round(100 * share), round(100 * alike)]), np.zeros(2)
    for _ in range(TRIALS):
        right = draw(generator, sets, share, alike)
        low, high = measured(right.tolist(), [IN_A_SET] * sets).ends
        lower, upper = resampled(generator, right)
        held += [lower <= share <= upper, low is not None and high is not None and low <= share <= high]
    before, after = held / TRIALS
    return float(before), float(after)


def main() -> None:
    """A line a number of sets: mean over the cases, and the worst of them."""
    print("sets  resampling  worst    ours  worst")
    for sets in SETS:
        found = np.array([coverage(sets, *case) for case in CASES])
        means, worst = found.mean(axis=0), found.min(axis=0)
        print(f"{sets:4}  {means[0]:10.2f}  {worst[0]:5.2f}  {means[1]:6.2f}  {worst[1]:5.2f}")


if __name__ == "__main__":
    main()
