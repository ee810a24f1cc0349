"""Bayes predictors equal the formula written out, and baselines of symbols count what is there and nothing else."""

from collections import Counter

import numpy as np
import pytest
import torch

from icl_lab.baselines.baum_welch import BaumWelch, backward, cut, forward
from icl_lab.baselines.discrete_mmse import DiscreteMmse
from icl_lab.baselines.gp_posterior import GpPosterior
from icl_lab.baselines.n_gram import NGram
from icl_lab.baselines.ridge import Ridge
from icl_lab.core.errors import UserError
from icl_lab.core.pools import weight_pool
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.gaussian_process import GaussianProcess
from icl_lab.tasks.markov_chain import MarkovChain
from icl_lab.tasks.regular_languages import RegularLanguages
from icl_lab.tasks.task_pool import TaskPool

STREAM = Stream(0, ("posteriors",))
LANGUAGES = RegularLanguages(length=90, longest_string=9)


def changed_after(prompts: PromptBatch, i: int) -> PromptBatch:
    """The same prompts with other symbols behind query i."""
    tokens = prompts.tokens.clone()
    tokens[:, int(prompts.queries[i]) + 1 :] = tokens[:, int(prompts.queries[i]) + 1 :].flip(1)
    return PromptBatch(tokens=tokens, queries=prompts.queries, targets=prompts.targets, scored=prompts.scored)


def test_the_posterior_over_a_pool_is_bayes_formula() -> None:
    prompts = TaskPool(num_tasks=6, length=7).sample(STREAM, 0, 3)
    assert prompts.examples is not None
    answers = DiscreteMmse(num_tasks=6).predict(prompts)
    pool, xs, ys = weight_pool(0, 6, 8), prompts.examples.xs.double().numpy(), prompts.examples.ys.double().numpy()
    for b in range(3):
        for i in range(7):
            likelihood = [np.exp(-sum((ys[b, j] - xs[b, j] @ w) ** 2 for j in range(i)) / (2 * 0.25)) for w in pool]
            expected = sum(p * (w @ xs[b, i]) for p, w in zip(likelihood, pool, strict=True)) / sum(likelihood)
            assert answers[b, i].item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_large_pool_is_as_good_as_a_gaussian_prior() -> None:
    # In one dimension 20,000 tasks are dense: the posterior mean is that of N(0, 1), which is ridge regression.
    prompts = TaskPool(dim=1, num_tasks=None, length=6).sample(STREAM, 0, 50)
    discrete, ridge = (
        baseline.predict(prompts) for baseline in (DiscreteMmse(num_tasks=20_000, dim=1), Ridge(strength=0.25))
    )
    # The mean over some thousand tasks of the posterior strays by its deviation of 0.2 to 1 over the root of that.
    assert (discrete - ridge).abs().max() < 0.1
    small = DiscreteMmse(num_tasks=5, dim=1).predict(prompts)
    assert (small - ridge).abs().max() > 0.3


def test_the_pool_is_what_helps_on_its_tasks_and_hurts_on_others() -> None:
    def error(task: TaskPool, baseline: DiscreteMmse | Ridge) -> float:
        prompts = task.sample(STREAM, 0, 400)
        return task.error(baseline.predict(prompts), prompts)[:, 4:].mean().item()

    task, ridge, discrete = TaskPool(num_tasks=16), Ridge(strength=0.25), DiscreteMmse(num_tasks=16)
    assert error(task, discrete) < 0.5 * error(task, ridge)
    new = task.replace(num_tasks=None)
    assert error(new, ridge) < 0.5 * error(new, discrete)


def test_some_queries_of_a_pool_are_answered_as_all_are_and_only_from_the_examples_before() -> None:
    prompts = TaskPool(length=9).sample(STREAM, 0, 4)
    baseline = DiscreteMmse()
    answers = baseline.predict(prompts)
    assert torch.allclose(baseline.predict(prompts, shown=[0, 3, 8]), answers[:, [0, 3, 8]], rtol=1e-12)
    assert prompts.examples is not None
    prompts.examples.ys[:, 5:] += 10
    assert torch.equal(baseline.predict(prompts)[:, :6], answers[:, :6])
    with pytest.raises(UserError, match="knows a pool for x of 3 coordinates and labels of one number, got 8 and 1"):
        DiscreteMmse(dim=3).predict(prompts)


def test_the_posterior_of_a_gaussian_process_is_the_direct_formula() -> None:
    prompts = GaussianProcess(length=12, label_noise=0.3).sample(STREAM, 0, 3)
    assert prompts.examples is not None
    answers = GpPosterior(length_scale=0.7, noise=0.3).predict(prompts)
    for b in range(3):
        xs, ys = prompts.examples.xs[b].double().numpy(), prompts.examples.ys[b].double().numpy()
        kernel = np.exp(-((xs[:, None] - xs) ** 2).sum(2) / (2 * 0.7**2))
        for i in range(12):
            expected = kernel[i, :i] @ np.linalg.solve(kernel[:i, :i] + 0.09 * np.eye(i), ys[:i])
            assert answers[b, i].item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_right_length_scale_and_noise_are_best() -> None:
    prompts = GaussianProcess().sample(STREAM, 0, 300)

    def error(**settings: float) -> float:
        return GaussianProcess().error(GpPosterior(**settings).predict(prompts), prompts).mean().item()

    best = error()
    assert all(best < error(**other) for other in ({"length_scale": 0.5}, {"length_scale": 2.0}, {"noise": 0.5}))


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("beta", [1.0, 0.3])
def test_an_n_gram_counts_what_followed_the_same_symbols(order: int, beta: float) -> None:
    prompts = MarkovChain(order=2, length=30).sample(STREAM, 0, 3)
    answers = NGram(order=order, beta=beta).predict(prompts).exp()
    for b in range(3):
        tokens = prompts.tokens[b].tolist()
        for i, query in enumerate(prompts.queries.tolist()):
            seen = tokens[: query + 1]
            context = seen[len(seen) - order :]
            # A symbol follows one that was read: the first of a prompt is drawn otherwise and not counted.
            starts = range(max(order, 1), len(seen))
            counts = Counter(seen[u] for u in starts if seen[u - order : u] == context)
            expected = [(counts[s] + beta) / (counts.total() + 3 * beta) for s in range(3)]
            assert answers[b, i].tolist() == pytest.approx(expected, rel=1e-12)


def test_add_one_is_the_posterior_mean_under_uniform_rows() -> None:
    # Two symbols, p ~ U(0, 1): posterior means of p from its likelihood, by quadrature on a fine grid.
    prompts = MarkovChain(symbols=2, length=20).sample(STREAM, 0, 4)
    answers = NGram(symbols=2).predict(prompts).exp()
    p = (np.arange(200_000) + 0.5) / 200_000
    for b in range(4):
        tokens = prompts.tokens[b].tolist()
        for i in range(20):
            moves = [(tokens[u], tokens[u + 1]) for u in range(i)]
            ones, zeros = moves.count((tokens[i], 1)), moves.count((tokens[i], 0))
            likelihood = p**ones * (1 - p) ** zeros
            expected = (p * likelihood).sum() / likelihood.sum()
            assert answers[b, i, 1].item() == pytest.approx(expected, rel=1e-6)


def test_the_bayes_predictor_of_a_chain_is_the_best_n_gram() -> None:
    task = MarkovChain()
    prompts = task.sample(STREAM, 0, 300)
    best = task.error(NGram().predict(prompts), prompts).mean()
    for other in (NGram(order=0), NGram(order=2), NGram(beta=0.5), NGram(beta=2.0), NGram(order=2, backoff=True)):
        assert best < task.error(other.predict(prompts), prompts).mean()


def test_backing_off_takes_the_shorter_context_for_its_prior() -> None:
    prompts = MarkovChain(length=40).sample(STREAM, 0, 2)
    shorter, longer = (NGram(order=order, beta=0.5, backoff=order > 0).predict(prompts).exp() for order in (0, 1))
    for b in range(2):
        tokens = prompts.tokens[b].tolist()
        for i in range(40):
            counts = Counter(tokens[u + 1] for u in range(i) if tokens[u] == tokens[i])
            expected = [(counts[s] + 1.5 * shorter[b, i, s].item()) / (counts.total() + 1.5) for s in range(3)]
            assert longer[b, i].tolist() == pytest.approx(expected, rel=1e-12)


def test_contexts_end_at_marks_and_marks_are_not_counted() -> None:
    tokens = torch.tensor([[2, 0, 1, 2, 0, 1, 3, 1, 1]])  # of two symbols; 2 and 3 are marks
    length = tokens.shape[1]
    prompts = PromptBatch(
        tokens=tokens,
        queries=torch.arange(length),
        targets=torch.zeros(1, length, 2),
        scored=torch.ones(1, length, dtype=torch.bool),
    )
    answers = NGram(order=2, symbols=2).predict(prompts).exp()[0, :, 0].tolist()
    # After a mark: 0 came once, then twice, then twice and 1 once; after mark 0: 1 came once, then twice.
    half = 1 / 2
    expected = [half, half, half, 2 / 3, 1 / 3, half, 3 / 4, half, half]
    assert answers == pytest.approx(expected)


@pytest.mark.parametrize("baseline", [NGram(order=3, symbols=18, backoff=True), BaumWelch(states=5, iterations=2)])
def test_answers_about_symbols_depend_on_what_was_read_alone(baseline: NGram | BaumWelch) -> None:
    prompts = LANGUAGES.sample(STREAM, 0, 3)
    answers = baseline.predict(prompts)
    assert answers.shape == (3, 90, 18)
    assert answers.isfinite().all()
    # Float32 inside Baum-Welch, and matrix products of another shape.
    close = {"rtol": 0, "atol": 1e-3}
    for i in (0, 20, 60):
        torch.testing.assert_close(
            baseline.predict(changed_after(prompts, i))[:, : i + 1], answers[:, : i + 1], **close
        )
    torch.testing.assert_close(baseline.predict(prompts, shown=[0, 7, 50]), answers[:, [0, 7, 50]], **close)
    torch.testing.assert_close(baseline.predict(prompts.rows(slice(1, 2))), answers[1:2], **close)
    assert baseline.predict(prompts, shown=[]).shape == (3, 0, 18)
    with pytest.raises(UserError, match="needs prompts of symbols; this task has vectors"):
        baseline.predict(GaussianProcess(length=4).sample(STREAM, 0, 2))


def test_strings_are_cut_at_marks() -> None:
    strings, string, read = cut(torch.tensor([[9, 1, 2, 9, 3, 9, 9], [1, 9, 2, 2, 2, 9, 1]]), symbols=5)
    assert strings.tolist() == [[[1, 2, -1], [3, -1, -1], [-1] * 3], [[1, -1, -1], [2, 2, 2], [1, -1, -1]]]
    assert string.tolist() == [[0, 0, 0, 1, 1, 2, 2], [0, 1, 1, 1, 1, 2, 2]]
    assert read.tolist() == [[0, 1, 2, 0, 1, 0, 0], [1, 0, 1, 2, 3, 0, 1]]


def likelihood(moves: torch.Tensor, strings: torch.Tensor) -> torch.Tensor:
    """The log-probability of each prompt's strings, by products of matrices."""
    total = []
    for b, prompt in enumerate(strings.tolist()):
        logs = []
        for string in prompt:
            state = torch.eye(moves.shape[1], dtype=moves.dtype)[0]
            for symbol in string:
                state = state @ moves[b, :, symbol] if symbol >= 0 else state
            logs.append(state.sum().log())
        total.append(sum(logs, torch.zeros(())))
    return torch.stack(total)


def test_forward_and_backward_give_the_likelihood_and_every_step_raises_it() -> None:
    baseline = BaumWelch(states=4, symbols=18, beta=1e-9)
    strings = cut(LANGUAGES.sample(STREAM, 1, 3).tokens, 18)[0][:, :6]
    moves = baseline._start(3).double()
    states, scales = forward(moves, strings)
    torch.testing.assert_close(scales.log().sum((1, 2)), likelihood(moves, strings), rtol=1e-9, atol=1e-9)
    # The state before a symbol, times how likely the rest is from it, sums to one: the whole string is given.
    rest = backward(moves, strings, scales)
    torch.testing.assert_close((states * rest).sum(3), torch.ones_like(rest[..., 0]), rtol=1e-9, atol=1e-9)
    for _ in range(8):
        better = baseline._improved(moves, strings)
        assert (likelihood(better, strings) > likelihood(moves, strings) - 1e-6).all()
        moves = better


def test_baum_welch_learns_which_symbols_are_legal() -> None:
    task = RegularLanguages(length=400)
    prompts = task.sample(STREAM, 2, 6)
    shown = list(range(300, 400, 2))
    scored, legal = prompts.scored[:, shown], prompts.targets[:, shown] > 0
    answers = BaumWelch().predict(prompts, shown=shown)
    right = legal.gather(2, answers.argmax(2, keepdim=True))[..., 0][scored]
    # Chance is 0.11; the mean over such prompts is above 0.9.
    assert right.float().mean() > 0.8
    assert BaumWelch().predict(prompts, shown=[0]).abs().max() == 0, "in the first string it says nothing"
