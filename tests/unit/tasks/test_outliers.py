"""Outliers are what the paper says, where it says; clean pairs are those of linear regression."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.families.outliers import OutlierRegression
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.many_outlier_regression import ManyOutlierRegression
from icl_lab.tasks.orthogonal_outlier_regression import OrthogonalOutlierRegression
from icl_lab.tasks.shifts.base import SHIFTS

STREAM = Stream(0, ("outliers",))
# Numbers are float32, and w is solved for from them: the conditions are below 30.
SMALL = 1e-5


def pairs(prompts: PromptBatch, prompt: int, clean: bool) -> tuple[np.ndarray, np.ndarray]:
    """The x tokens and the label tokens of the clean pairs of a prompt, or of its outliers."""
    assert prompts.examples is not None
    assert prompts.examples.clean is not None
    chosen = prompts.examples.clean[prompt] == clean
    tokens = prompts.tokens[prompt].double()
    return tokens[::2][chosen].numpy(), tokens[1::2][chosen].numpy()


def weights(prompts: PromptBatch, prompt: int) -> np.ndarray:
    """w of a prompt, from its clean pairs, which must determine it and agree with each other."""
    xs, labels = pairs(prompts, prompt, clean=True)
    w = np.linalg.lstsq(xs, labels[:, 0])[0]
    assert len(xs) > 1.3 * xs.shape[1]
    assert np.abs(xs @ w - labels[:, 0]).max() < SMALL * np.abs(labels).max()
    return w


def cosines(vectors: np.ndarray, w: np.ndarray) -> np.ndarray:
    return np.abs(vectors @ w) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(w)


@given(
    seed=st.integers(0, 2**20),
    dim=st.integers(3, 12),
    fraction=st.floats(0.1, 0.6),
    coefficients=st.sampled_from(["pair", "prompt"]),
    divisor=st.sampled_from(["squares", "root"]),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_outliers_lie_in_a_plane_orthogonal_to_the_weights_of_their_prompt(
    seed: int, dim: int, fraction: float, coefficients: str, divisor: str
) -> None:
    task = OrthogonalOutlierRegression(dim=dim, outlier_fraction=fraction).override(
        {"coefficients": coefficients, "divisor": divisor}
    )
    prompts = task.sample(Stream(seed), 0, batch=3)
    for prompt in range(3):
        w = weights(prompts, prompt)
        xs, labels = pairs(prompts, prompt, clean=False)
        both = np.concatenate([xs, labels])
        assert cosines(both, w).max() < SMALL
        directions = both / np.linalg.norm(both, axis=1, keepdims=True)
        strengths = np.linalg.svd(directions, compute_uv=False)
        assert (strengths[2:] < SMALL * strengths[0]).all()
        distinct = {len(np.unique(xs, axis=0)), len(np.unique(labels, axis=0))}
        assert distinct == {len(xs) if coefficients == "pair" else 1}


def test_released_outliers_are_repeated_and_not_orthogonal_to_the_weights() -> None:
    prompts = OrthogonalOutlierRegression(recipe="released").sample(STREAM, 0, batch=200)
    found, inputs = [], []
    for prompt in range(200):
        xs, labels = pairs(prompts, prompt, clean=False)
        inputs.append(xs[0] / np.linalg.norm(xs[0]))
        assert len(np.unique(xs, axis=0)) == len(np.unique(labels, axis=0)) == 1
        assert cosines(xs[:1], labels[0]).max() < 1 - 1e-6
        found += [cosines(xs[:1], weights(prompts, prompt))[0], cosines(labels[:1], weights(prompts, prompt))[0]]
    # What they are orthogonal to is drawn anew for every prompt: together they fill all directions.
    strengths = np.linalg.svd(inputs, compute_uv=False)
    assert strengths[-1] > strengths[0] / 4
    # The square of the cosine between independent directions has mean 1 / dim; that of 400 strays by 7%; four times.
    assert np.mean(np.square(found)) == pytest.approx(1 / 20, rel=0.28)


@pytest.mark.parametrize("setting", [{"divisor": "root"}, {"coefficients": "prompt"}])
def test_the_released_recipe_takes_no_setting_that_it_would_ignore(setting: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="recipe=released fixes coefficients and divisor: leave them out, or choose"):
        OrthogonalOutlierRegression(recipe="released", **setting)


def lengths(task: OrthogonalOutlierRegression) -> np.ndarray:
    w = STREAM.generator().standard_normal((20_000, 20))
    return np.linalg.norm(task.outliers(w, 1, STREAM.generator(1))[0], axis=2)


def test_released_outliers_have_the_measured_lengths() -> None:
    found = lengths(OrthogonalOutlierRegression(recipe="released"))
    # Measured on the released code over 20,000 draws, to two digits: median 4.1, mean 5.0, 1% above 22.
    assert np.median(found) == pytest.approx(4.1, abs=0.1)
    assert found.mean() == pytest.approx(5.0, abs=0.25)
    assert np.quantile(found, 0.99) == pytest.approx(22, abs=2.5)


def test_published_outliers_have_heavy_tails_and_those_by_the_root_have_none() -> None:
    # With u and v of equal length the length is |u| / sqrt(a^2 + b^2), and a^2 + b^2 is exponential with mean 2: the
    # median is |u| / sqrt(2 log 2), and 1% are longer than |u| / sqrt(-2 log 0.99), where |u| is about 4.27.
    found = lengths(OrthogonalOutlierRegression())
    assert np.median(found) == pytest.approx(4.27 / np.sqrt(2 * np.log(2)), rel=0.03)
    assert np.quantile(found, 0.99) == pytest.approx(4.27 / np.sqrt(-2 * np.log(0.99)), rel=0.15)
    assert np.quantile(found, 0.99) > 6 * np.sqrt(20)
    root = lengths(OrthogonalOutlierRegression(divisor="root"))
    assert np.mean(root**2) == pytest.approx(18.5, rel=0.02)  # between dim - 1 and dim - 2
    assert root.max() < 9


def test_many_outliers_are_all_ones() -> None:
    prompts = ManyOutlierRegression(active_dims=4).sample(STREAM, 0, batch=4)
    for prompt in range(4):
        weights_seen, _ = pairs(prompts, prompt, clean=True)
        assert (weights_seen[:, 4:] == 0).all()
        xs, labels = pairs(prompts, prompt, clean=False)
        assert (xs == 1).all()
        assert (labels == np.eye(20)[0]).all()


@pytest.mark.parametrize("task", [OrthogonalOutlierRegression(), ManyOutlierRegression()])
def test_clean_pairs_are_those_of_linear_regression_and_alone_count(task: OutlierRegression) -> None:
    prompts = task.sample(STREAM, 0, batch=3)
    plain = LinearRegression(length=task.length).sample(STREAM, 0, batch=3)
    assert prompts.examples is not None
    assert prompts.examples.clean is not None
    clean = prompts.examples.clean
    assert torch.equal(prompts.scored, clean)
    assert torch.equal(prompts.examples.xs[clean], plain.tokens[:, ::2][clean])
    assert torch.equal(prompts.targets[clean], plain.targets[clean])
    without = task.replace(outlier_fraction=0.0).sample(STREAM, 0, batch=3)
    assert torch.equal(without.tokens, plain.tokens)
    assert without.scored.all()


@pytest.mark.parametrize(("task", "fraction"), [(OrthogonalOutlierRegression(), 0.5), (ManyOutlierRegression(), 0.9)])
def test_every_place_is_an_outlier_with_the_published_probability(task: OutlierRegression, fraction: float) -> None:
    scored = torch.cat([task.sample(STREAM, step, batch=200).scored for step in range(3)]).double()
    number = scored.numel()
    # Independent draws: 4 standard errors of the whole, and 5 of each place, of which there are up to 512.
    spread = (fraction * (1 - fraction)) ** 0.5
    assert (1 - scored).mean().item() == pytest.approx(fraction, abs=4 * spread / number**0.5)
    assert (1 - scored).mean(0).sub(fraction).abs().max() < 5 * spread / 600**0.5
    # Independent within a prompt: the number of outliers varies as a binomial one; 600 variances stray by 6%.
    assert scored.sum(1).var().item() == pytest.approx(task.length * spread**2, rel=0.25)


@pytest.mark.parametrize("shown", [0, 1, 7, 25, 90])
def test_the_expected_error_of_the_oracle_without_outliers_is_that_of_least_squares(shown: int) -> None:
    task = OrthogonalOutlierRegression(outlier_fraction=0.0, label_noise=0.3)
    assert task.expected_clean_least_squares(shown) == LinearRegression(label_noise=0.3).expected_least_squares(shown)
    assert task.expected_least_squares(shown) == task.expected_clean_least_squares(shown)
    assert OrthogonalOutlierRegression().expected_least_squares(shown) is None


def test_evenly_spaced_outliers_keep_their_fraction() -> None:
    for task, places, number in (
        (OrthogonalOutlierRegression(places="even"), [0, 2, 4, 6], 51),
        (ManyOutlierRegression(places="even"), [0, 10, 20, 30], 52),
        (ManyOutlierRegression(places="even", outlier_fraction=0.75, length=16), [0, 4, 8, 12], 4),
    ):
        scored = task.sample(STREAM, 0, batch=2).scored
        assert torch.equal(scored[0], scored[1])
        assert scored[0].nonzero()[:4, 0].tolist() == places
        assert scored[0].sum() == number
        assert task.expected_clean_least_squares(10) == (1 - scored[0, :10].sum().item() / 20)


def test_shifts_of_outliers() -> None:
    task = ManyOutlierRegression()
    assert SHIFTS.get("without_outliers")().shifted(task) == task.replace(outlier_fraction=0.0)
    assert SHIFTS.get("outlier_fraction")(fraction=0.6).shifted(task) == task.replace(outlier_fraction=0.6)
    assert SHIFTS.get("evenly_spaced_outliers")().shifted(task) == task.replace(places="even")
    for name in ("without_outliers", "outlier_fraction", "evenly_spaced_outliers"):
        with pytest.raises(UserError, match=rf"shift {name} needs a task with outliers; linear_regression has none"):
            SHIFTS.get(name)().shifted(LinearRegression())


def test_outlier_tasks_have_the_published_curricula() -> None:
    stages = [
        [(stage.num_active, stage.length) for step in steps for stage in [task.curriculum.task_at(task, step)]]
        for task, steps in (
            (OrthogonalOutlierRegression(), (0, 1999, 2000, 29_999, 30_000)),
            (ManyOutlierRegression(), (0, 199, 200, 2000, 31_999, 32_000, 49_999, 50_000)),
        )
    ]
    assert stages[0] == [(5, 26), (5, 26), (6, 31), (19, 96), (20, 101)]
    assert stages[1] == [(4, 12), (4, 12), (4, 14), (5, 32), (19, 330), (20, 332), (20, 510), (20, 512)]


def test_impossible_outliers_are_refused() -> None:
    with pytest.raises(UserError, match=r"orthogonal_outlier_regression\.dim: expected at least 3, a plane and w, got"):
        OrthogonalOutlierRegression(dim=2)
    with pytest.raises(UserError, match=r"outlier_fraction: expected a number in \[0, 0\.99\], got 1\.0"):
        ManyOutlierRegression(outlier_fraction=1.0)
