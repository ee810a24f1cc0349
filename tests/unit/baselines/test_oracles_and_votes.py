"""The oracle of outliers, the Bayes vote, logistic regression and quadratic least squares against slow truth."""

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression as ReferenceLogistic

from icl_lab.baselines.bayes_parity import BayesParity
from icl_lab.baselines.clean_least_squares import CleanLeastSquares
from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.baselines.logistic_regression import LogisticRegression
from icl_lab.baselines.quadratic_least_squares import QuadraticLeastSquares
from icl_lab.baselines.ridge import Ridge
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import Examples, PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.linear_classification import LinearClassification
from icl_lab.tasks.noisy_linear_regression import NoisyLinearRegression
from icl_lab.tasks.orthogonal_outlier_regression import OrthogonalOutlierRegression
from icl_lab.tasks.parts.layout import interleave
from icl_lab.tasks.quadratic_regression import QuadraticRegression
from icl_lab.tasks.sparse_parity import SparseParity

STREAM = Stream(0, ("unit",))


def examples_of(prompts: PromptBatch) -> Examples:
    assert prompts.examples is not None
    return prompts.examples


def outlier_prompts(batch: int = 4) -> PromptBatch:
    return OrthogonalOutlierRegression(dim=5, length=24, label_noise=0.3).sample(STREAM, 0, batch)


def test_the_oracle_is_least_squares_on_the_clean_pairs() -> None:
    prompts = outlier_prompts()
    examples = examples_of(prompts)
    assert examples.clean is not None
    predictions = CleanLeastSquares().predict(prompts)
    for b in range(prompts.batch):
        for i in range(prompts.length):
            before = examples.clean[b, :i]
            xs, ys = examples.xs[b, :i][before].double().numpy(), examples.ys[b, :i][before].double().numpy()
            w = np.linalg.lstsq(xs, ys)[0] if len(xs) else np.zeros(5)
            # Float64, and the condition of the worst prefix is below 1e4.
            assert predictions[b, i].item() == pytest.approx(examples.xs[b, i].double().numpy() @ w, rel=1e-9, abs=1e-9)


def test_the_oracle_does_not_look_at_outliers_unless_they_are_orthogonal() -> None:
    prompts = outlier_prompts()
    examples = examples_of(prompts)
    assert examples.clean is not None
    clean = examples.clean
    xs, ys = torch.where(clean[..., None], examples.xs, 7.0), torch.where(clean, examples.ys, -3)
    changed = replace(examples, xs=xs, ys=ys)
    other = replace(prompts, examples=changed)
    scored = prompts.scored
    assert torch.equal(CleanLeastSquares().predict(other)[scored], CleanLeastSquares().predict(prompts)[scored])
    told = CleanLeastSquares(outliers="orthogonal")
    assert not torch.equal(told.predict(other)[scored], told.predict(prompts)[scored])
    labels = replace(prompts, examples=replace(examples, ys=torch.where(clean, examples.ys, -3)))
    assert torch.equal(told.predict(labels)[scored], told.predict(prompts)[scored])


def test_the_oracle_answers_some_queries_vector_labels_and_questions_beside_the_prompt() -> None:
    prompts = outlier_prompts()
    examples = examples_of(prompts)
    for oracle in (CleanLeastSquares(), CleanLeastSquares(outliers="orthogonal")):
        whole = oracle.predict(prompts)
        for shown in ([0, 3, 7, 23], [5], [0], []):
            assert torch.allclose(oracle.predict(prompts, shown), whole[:, shown], rtol=1e-9, atol=1e-9)
        twice = replace(examples, ys=torch.stack([examples.ys, 2 * examples.ys], dim=2))
        both = oracle.predict(replace(prompts, examples=twice))
        assert torch.allclose(both, torch.stack([whole, 2 * whole], dim=2), rtol=1e-9, atol=1e-9)
        asked = oracle.predict(replace(prompts, examples=replace(examples, asked=2 * examples.xs)))
        assert torch.allclose(asked, 2 * whole, rtol=1e-9, atol=1e-9)


def test_who_knows_that_outliers_are_orthogonal_needs_two_pairs_less() -> None:
    # With m clean pairs and o >= 1 outliers, w is isotropic in dim - min(o, 2) dimensions, of which m are known.
    task = OrthogonalOutlierRegression(length=31)
    prompts = task.sample(STREAM, 0, 1000)
    errors = task.error(CleanLeastSquares(outliers="orthogonal").predict(prompts), prompts)
    for shown in (1, 6, 20, 30):
        there = errors[:, shown][prompts.scored[:, shown]]
        counts = [(m, math.comb(shown, m) / 2**shown) for m in range(shown + 1)]
        expected = sum(share * max(0.0, 1 - m / (20 - min(shown - m, 2))) for m, share in counts)
        # Some 500 squared errors; 4 standard errors are far below what two dimensions change at 20 and 30.
        assert there.mean().item() == pytest.approx(expected, abs=4 * there.std().item() / len(there) ** 0.5)


def slow_vote(xs: np.ndarray, ys: np.ndarray, query: np.ndarray, sparsity: int) -> float:
    """The mean parity of the query over the subsets that agree most often."""
    every = list(combinations(range(len(query)), sparsity))
    agreements = [sum(np.prod(x[list(s)]) == y for x, y in zip(xs, ys, strict=True)) for s in every]
    votes = [np.prod(query[list(s)]) for s, n in zip(every, agreements, strict=True) if n == max(agreements)]
    return float(np.mean(votes))


@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("sparsity", [1, 2, 3])
def test_the_bayes_vote_counts_the_subsets_that_explain_most(sparsity: int, noise: float) -> None:
    prompts = SparseParity(dim=5, sparsity=sparsity, length=12, label_noise=noise).sample(STREAM, 0, 3)
    examples = examples_of(prompts)
    baseline = BayesParity(sparsity=sparsity)
    predictions = baseline.predict(prompts)
    xs, ys = examples.xs.numpy(), np.sign(examples.ys.numpy())
    for b in range(3):
        for i in range(12):
            assert predictions[b, i].item() == pytest.approx(slow_vote(xs[b, :i], ys[b, :i], xs[b, i], sparsity))
    assert torch.equal(baseline.predict(prompts, [0, 4, 11]), predictions[:, [0, 4, 11]])
    assert baseline.predict(prompts, []).shape == (3, 0)


def test_the_bayes_vote_is_certain_in_the_end_and_sees_no_later_label() -> None:
    prompts = SparseParity().sample(STREAM, 0, 64)
    predictions = BayesParity().predict(prompts)
    # After 40 examples a wrong one of 44 subsets survives with probability 44 / 2^40.
    assert torch.equal(predictions[:, 40:], prompts.targets[:, 40:].double())
    examples = examples_of(prompts)
    ys = examples.ys.clone()
    ys[:, 5:] *= -1
    later = replace(prompts, examples=replace(examples, ys=ys))
    assert torch.equal(BayesParity().predict(later)[:, :6], predictions[:, :6])


def test_too_many_subsets_are_refused() -> None:
    prompts = SparseParity(dim=30, sparsity=8, length=3).sample(STREAM, 0, 1)
    with pytest.raises(UserError, match=r"between 1 and 20000 subsets of 8 among 30 coordinates, there are 5852925"):
        BayesParity(sparsity=8).predict(prompts)
    with pytest.raises(UserError, match=r"there are 0: choose another baseline"):
        BayesParity(sparsity=31).predict(prompts)


@pytest.mark.parametrize("strength", [0.001, 0.1, 3.0])
def test_logistic_regression_equals_scikit_learn(strength: float) -> None:
    prompts = LinearClassification(dim=6, length=40).sample(STREAM, 0, 4)
    examples = examples_of(prompts)
    shown = [8, 20, 39]
    predictions = LogisticRegression(strength=strength).predict(prompts, shown)
    for b in range(4):
        for column, i in enumerate(shown):
            xs, ys = examples.xs[b, :i].double().numpy(), examples.ys[b, :i].numpy()
            reference = ReferenceLogistic(C=1 / strength, fit_intercept=False, tol=1e-9, solver="newton-cg")
            w = reference.fit(xs, ys).coef_[0]
            # The reference stops at a gradient of 1e-9 times the examples; the curvature is at least `strength`.
            expected = examples.xs[b, i].double().numpy() @ w
            assert predictions[b, column].item() == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_logistic_regression_ends_where_the_gradient_vanishes(size: float) -> None:
    generator = Stream(3).generator()
    xs = torch.from_numpy(generator.standard_normal((5, 30, 4)))
    ys = torch.from_numpy(generator.standard_normal((5, 30))) * size
    baseline = LogisticRegression()
    # The predictions at the basis vectors are w.
    asked = torch.eye(4, dtype=torch.float64).repeat(5, 8, 1)[:, :30]
    prompts = interleave(Examples(xs, ys, asked=asked))
    for i in (1, 6, 26):
        questions = asked.clone()
        rows = []
        for basis in torch.eye(4, dtype=torch.float64):
            questions[:, i] = basis
            rows.append(baseline.predict(replace(prompts, examples=Examples(xs, ys, asked=questions)), [i])[:, 0])
        w = torch.stack(rows, dim=1)
        z = xs[:, :i] * ys[:, :i, None]
        gradient = baseline.strength * w - (torch.sigmoid(-(z @ w[..., None])) * z).sum(1)
        # Against the gradient at 0, of the order of the sum of |z|.
        assert gradient.abs().max() < 1e-7 * z.abs().sum(1).max()


def test_quadratic_least_squares_is_least_squares_of_squares_and_exact_after_dim_examples() -> None:
    prompts = QuadraticRegression(dim=6, length=12).sample(STREAM, 0, 20)
    examples = examples_of(prompts)
    predictions = QuadraticLeastSquares().predict(prompts)
    squares = interleave(Examples(examples.xs.double().square(), examples.ys.double()))
    assert torch.equal(predictions, LeastSquares().predict(squares))
    # Labels are float32, and 7 or more examples in 6 dimensions have a condition below 1e3 here.
    assert (predictions - prompts.targets)[:, 8:].abs().max() < 1e-3


def test_ridge_has_the_error_of_the_posterior() -> None:
    # The error of the posterior mean is the posterior variance, noise included, prompt by prompt in expectation.
    task = NoisyLinearRegression(dim=6, length=10, label_noise=0.7)
    prompts = task.sample(STREAM, 0, 4000)
    xs = examples_of(prompts).xs.double()
    ridge = Ridge(strength=0.7**2)
    assert task.baselines[0] == ridge.label
    for i in (1, 5, 9):
        precision = xs[:, :i].mT @ xs[:, :i] / 0.49 + torch.eye(6, dtype=torch.float64)
        variance = 0.49 + (xs[:, i] * torch.linalg.solve(precision, xs[:, i])).sum(1)
        excess = (ridge.predict(prompts, [i])[:, 0] - prompts.targets[:, i]).square() - variance
        assert abs(excess.mean()) < 4 * excess.std() / 4000**0.5
