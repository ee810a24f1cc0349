"""Chains have the rows that they declare, paths follow them, and errors are divergences from the truth."""

import numpy as np
import pytest
import torch

from icl_lab.core.streams import Stream
from icl_lab.tasks.markov_chain import MarkovChain, random_chains, walk

STREAM = Stream(0, ("chains",))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_next_symbol_follows_the_row_of_the_last_symbols(order: int) -> None:
    chains = random_chains(STREAM.generator(), 1, 3, order, 1.0)
    path, contexts = walk(STREAM.generator(1), chains, order, 60_000)
    last = np.lib.stride_tricks.sliding_window_view(path[0, :-1], order)
    assert np.array_equal(contexts[0], last @ 3 ** np.arange(order - 1, -1, -1))
    counts = np.zeros((3**order, 3))
    np.add.at(counts, (contexts[0], path[0, order:]), 1)
    visits = counts.sum(1, keepdims=True)
    often = visits[:, 0] > 100
    assert often.sum() >= 2
    # A frequency of n visits strays by at most sqrt(1 / 4n); four and a half times that over at most 81 numbers.
    assert (np.abs(counts / np.maximum(visits, 1) - chains[0])[often] < 4.5 * np.sqrt(0.25 / visits[often])).all()


@pytest.mark.parametrize("order", [1, 2])
def test_targets_are_the_row_of_the_symbols_before(order: int) -> None:
    prompts = MarkovChain(order=order, symbols=4, length=60).sample(STREAM, 0, 8)
    for prompt in range(8):
        rows: dict[tuple[int, ...], list[float]] = {}
        for i, query in enumerate(prompts.queries.tolist()):
            context = tuple(prompts.tokens[prompt, query - order + 1 : query + 1].tolist())
            row = prompts.targets[prompt, i].tolist()
            assert rows.setdefault(context, row) == row
        assert len({tuple(row) for row in rows.values()}) == len(rows)
    assert torch.allclose(prompts.targets.sum(2), torch.ones(8, 60))
    assert prompts.queries[0] == order - 1, "as many transitions are shown before prediction i as its number says"


@pytest.mark.parametrize("concentration", [0.5, 1.0, 4.0])
def test_rows_are_drawn_from_the_declared_dirichlet_distribution(concentration: float) -> None:
    rows = random_chains(STREAM.generator(), 20_000, 3, 1, concentration).reshape(-1, 3)
    assert rows.mean(0) == pytest.approx([1 / 3] * 3, abs=0.005)  # 60,000 rows: 5 standard errors at the widest
    assert rows.var(0) == pytest.approx([2 / 9 / (3 * concentration + 1)] * 3, rel=0.03)


def test_the_first_prediction_knows_nothing_and_has_the_closed_error() -> None:
    # A row of Dirichlet(1, 1, 1) has an entropy of H_3 - 1 on average: KL from uniform is log 3 - (1/2 + 1/3).
    task = MarkovChain(length=1)
    assert task.zero_error == pytest.approx(np.log(3) - 5 / 6, abs=0.003)  # 60,000 rows of deviation 0.2
    # A path stays in rows that lead back to themselves, which are far from uniform.
    assert MarkovChain(length=200).zero_error > task.zero_error + 0.01


def test_the_error_is_the_divergence_from_the_truth() -> None:
    task = MarkovChain(length=5)
    prompts = task.sample(STREAM, 0, 4)
    scores = torch.randn(4, 5, 3, dtype=torch.float64, generator=STREAM.torch_generator())
    true, answered = prompts.targets.double(), scores.softmax(2)
    expected = (true * (true / answered).log()).sum(2)
    assert torch.allclose(task.error(scores + 7, prompts), expected, atol=1e-6)  # targets are float32
    assert task.error(scores, prompts).min() >= 0


def test_the_loss_is_on_the_symbol_that_was_drawn() -> None:
    task = MarkovChain(length=6, order=2)
    prompts = task.sample(STREAM, 0, 3)
    drawn = torch.nn.functional.one_hot(prompts.tokens[:, 2:], 3).float()
    assert task.loss(50 * drawn, prompts) < 1e-6
    assert task.loss(50 * drawn.roll(1, 2), prompts) > 49
