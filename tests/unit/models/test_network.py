"""Read-in, positions, read-out, and what a network refuses."""

import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.evaluation.curves import learning_curve
from icl_lab.models.network import count_parameters
from icl_lab.models.presets.transformer import Transformer
from icl_lab.tasks.base import Task
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.markov_chain import MarkovChain
from tests.unit.models.toys import ToyTask, assert_same, randn

TASK = ToyTask(width=3, length=5)


def transformer(**settings: object) -> torch.nn.Module:
    return Transformer(d_model=8, num_layers=1, num_heads=2, **settings).build(TASK, Stream(0)).double()


def test_predictions_are_the_read_outs_at_the_queries() -> None:
    network = transformer()
    prompts = TASK.sample(Stream(0), 0, 4).to(dtype=torch.float64)
    embedded = prompts.tokens @ network.read_in.weight.T + network.read_in.bias + network.positions
    outputs = network.backbone(embedded) @ network.read_out.weight.T + network.read_out.bias
    assert_same(network.predict(prompts), outputs[:, ::2, 0])


def test_several_numbers_a_query_keep_their_axis() -> None:
    task = ToyTask(outputs=4)
    prompts = task.sample(Stream(0), 0, 2)
    assert Transformer().build(task, Stream(0)).predict(prompts).shape == (2, 6, 4)


def test_prompts_longer_than_the_learned_positions_are_refused() -> None:
    network = transformer()
    with pytest.raises(UserError, match="has 10 learned positions, got a prompt of 11 tokens; build it with a larger"):
        network(randn(1, 11, 3))
    state = network.initial_state(1)
    for token in randn(1, 10, 3).unbind(1):
        _, state = network.step(token, state)
    with pytest.raises(UserError, match="has 10 learned positions, got a prompt of 11 tokens"):
        network.step(randn(1, 3), state)


def test_tokens_of_another_width_are_refused() -> None:
    with pytest.raises(UserError, match="expected tokens of width 3, got 4"):
        transformer()(randn(1, 5, 4))


def test_symbols_beyond_the_vocabulary_are_refused_in_one_line() -> None:
    network = Transformer(d_model=8, num_layers=1, num_heads=2).build(MarkovChain(symbols=3, length=9), Stream(0))
    prompts = MarkovChain(symbols=5, length=9).sample(Stream(0), 0, 4)
    with pytest.raises(UserError, match="knows symbols 0 to 2, got 4; evaluate it on a task with the symbols of its"):
        network.predict(prompts)
    with pytest.raises(UserError, match="knows symbols 0 to 2, got 3"):
        network.step(torch.tensor([0, 3]), network.initial_state(2))


@pytest.mark.parametrize("other", [MarkovChain(symbols=2, length=9), LinearRegression(dim=3, length=5)], ids=Task.short)
def test_a_network_is_not_evaluated_on_a_task_of_other_sizes(other: Task) -> None:
    network = Transformer(d_model=8, num_layers=1, num_heads=2).build(MarkovChain(symbols=3, length=9), Stream(0))
    with pytest.raises(
        UserError, match="asks for 2 numbers at each of 9 places, got 3|reads symbols, got vectors"
    ) as one:
        learning_curve([network], other, num_prompts=4)
    assert "\n" not in str(one.value)


def test_frozen_parameters_are_not_counted() -> None:
    network = transformer()
    total = count_parameters(network)
    network.positions.requires_grad_(requires_grad=False)
    assert count_parameters(network) == total - 10 * 8


def test_huge_specs_are_counted_without_being_built() -> None:
    spec = Transformer(d_model=16384, num_layers=100).network(TASK)
    # 12 d^2 + 13 d a layer, two numbers a channel for the final norm, positions, read-in, read-out.
    d = 16384
    assert count_parameters(spec) == 100 * (12 * d**2 + 13 * d) + 2 * d + 10 * d + 4 * d + d + 1
