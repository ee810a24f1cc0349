"""Hidden attention: sums over examples, shares, and influences against full Jacobians."""

import pytest
import torch

from icl_lab.core.streams import Stream
from icl_lab.models.mixers.base import MixerSpec, Site
from icl_lab.models.mixers.lstm import LSTM
from icl_lab.models.mixers.s4d import S4D
from icl_lab.models.mixers.ttt_linear import TTTLinear
from icl_lab.probing.activations import capture
from icl_lab.probing.examples import NONE, by_example, example_of_tokens
from icl_lab.probing.hidden_attention import answer_influence, hidden_attention, mixer_influence, weights
from icl_lab.probing.hidden_attention.weights import shares
from icl_lab.tasks.base import TASKS, Task
from icl_lab.tasks.chain_of_thought import ChainOfThought
from icl_lab.tasks.induction_heads import InductionHeads
from icl_lab.tasks.vector_mqar import VectorMqar
from icl_lab.tasks.vector_retrieval import VectorRetrieval
from tests.unit.models.toys import assert_same, generator, randn, scramble
from tests.unit.probing.networks import TASK, made, prompts


@pytest.mark.parametrize("spec", [LSTM(), S4D(), TTTLinear(num_heads=2)], ids=lambda spec: spec.spec_name())
def test_influence_of_a_mixer_is_the_norm_of_its_jacobian(spec: MixerSpec) -> None:
    mixer = spec.build(Site(4, 4, generator())).double()
    scramble(mixer)
    x = randn(2, 5, 4)
    jacobian = torch.autograd.functional.jacobian(lambda one: mixer.eval()(one[None])[0], x[1])
    found = mixer_influence(mixer, x)
    assert_same(found[1], jacobian.square().sum((1, 3)).sqrt())
    assert not found.triu(1).any()
    # 200 random directions: the standard error of a square is at most sqrt(2 / 200) of it, 5% of the norm.
    estimated = mixer_influence(mixer, x[1:], directions=200, generator=generator())
    torch.testing.assert_close(estimated[0], found[1], rtol=0.25, atol=0)


def test_influence_on_answers_is_the_gradient_by_the_embedding() -> None:
    network, batch = made("mamba attention"), prompts(batch=2)
    found = answer_influence(network, batch)
    embedded = network.read_in(batch.tokens).detach().requires_grad_()
    output = network.read_out(network.backbone(embedded))[1, 6, 0]
    (grad,) = torch.autograd.grad(output, embedded)
    assert_same(found[1, 3], grad[1].norm(dim=-1))
    assert found.shape == (2, 8, 16)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_every_block_that_mixes_tokens_is_there_and_rows_are_shares() -> None:
    network = made("mamba mlp attention(num_heads=8) lstm")
    found = hidden_attention(network, prompts())
    assert [(one.block, one.source) for one in found.blocks] == [(0, "weights"), (2, "weights"), (3, "jacobian")]
    assert [one.tokens.shape[0] for one in found.blocks] == [32, 8, 1]
    for one in found.blocks:
        assert one.tokens.shape[1:] == (16, 16)
        assert one.examples.shape == (8, 8)
        assert one.tokens.sum(-1) == pytest.approx(1.0, rel=1e-9)
        # Every token belongs to an example, so nothing is lost.
        assert one.examples.sum(-1) == pytest.approx(1.0, rel=1e-9)
    assert found.answers.sum(-1) == pytest.approx(1.0, rel=1e-9)
    assert [one.block for one in hidden_attention(network, prompts(), blocks=[2]).blocks] == [2]


def test_attention_is_left_as_it_is_and_averaged_over_prompts_and_heads() -> None:
    network, batch = made("attention"), prompts()
    with torch.no_grad(), capture(network, ["block.0.attention"]) as found:
        network(batch.tokens)
    expected = found["block.0.attention"].mean((0, 1))
    (one,) = hidden_attention(network, batch).blocks
    assert one.tokens.mean(0) == pytest.approx(expected.numpy(), rel=1e-9)
    assert one.examples[5, 2] == pytest.approx(float(expected[10, 4] + expected[10, 5]), rel=1e-9)


def test_rows_hold_what_each_answer_reads_of_examples_up_to_it() -> None:
    found = hidden_attention(made("attention"), prompts())
    rows = list(found.records(TASK, "run"))
    assert len(rows) == 2 * 36
    assert {row.num_prompts for row in rows} == {6}
    (one,) = [row for row in rows if (row.block, row.shown, row.about) == (0, 5, "example 2")]
    assert one.value == found.blocks[0].examples[5, 2]
    assert sum(row.value for row in rows if row.metric == "answer_influence" and row.shown == 7) == pytest.approx(1.0)


def test_of_many_answers_with_many_numbers_some_are_derived_and_keep_their_place(monkeypatch) -> None:
    whole = hidden_attention(made("attention"), prompts())
    monkeypatch.setattr(weights, "PASSES", 7)
    monkeypatch.setattr(weights, "QUESTIONS", 3)
    found = hidden_attention(made("attention"), prompts())
    assert found.chosen == (0, 4, 7)
    assert found.answers == pytest.approx(whole.answers[[0, 4, 7]], rel=1e-12)
    rows = [row for row in found.records(TASK, "run") if row.metric == "answer_influence"]
    assert {row.shown for row in rows} == {0, 4, 7}
    assert len(rows) == 1 + 5 + 8
    assert sum(row.value for row in rows if row.shown == 7) == pytest.approx(1.0)


def test_a_sum_over_no_token_is_nothing() -> None:
    assert by_example(torch.ones(2, 3), torch.tensor([NONE, NONE, NONE])).shape == (2, 0)
    assert shares(torch.zeros(1, 2)).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize(
    ("task", "first", "last"),
    [
        (TASK, [0, 0, 1, 1], [7, 7]),
        (TASK.override({"queries": "orthogonal"}), [0, 0, 1, 1], [7, 7]),
        # 32 pairs, then questions about their keys, each followed by filler.
        (VectorMqar(), [0, 0, 1, 1], [NONE, NONE]),
        # One question at the end.
        (VectorRetrieval(), [0, 0, 1, 1], [63, 63, NONE]),
        # Intermediate results lie between an input and its label.
        (ChainOfThought(dim=3, length=6), [0, 0, 0, 1, 1, 1], [5, 5, 5]),
        # Symbols are examples of their own.
        (InductionHeads(), [0, 1, 2, 3], [63, 64]),
    ],
    ids=lambda value: value.short() if isinstance(value, Task) else "",
)
def test_tokens_are_told_to_examples_in_every_layout(task: Task, first: list[int], last: list[int]) -> None:
    found = example_of_tokens(task.sample(Stream(0), 0, 4)).tolist()
    assert found[: len(first)] == first
    assert found[-len(last) :] == last


@pytest.mark.parametrize("name", TASKS.names())
def test_examples_of_every_task_are_found_in_their_order(name: str) -> None:
    batch = TASKS.get(name)().sample(Stream(0), 0, 4)
    found = example_of_tokens(batch)
    kept = found[found != NONE]
    assert len(found) == batch.tokens.shape[1]
    assert torch.equal(kept, kept.sort().values)
    if batch.examples is not None:
        assert int(kept.max()) + 1 == (batch.examples.num_stored or batch.examples.xs.shape[1])


def test_signed_shares_are_weights_over_the_sum_of_their_sizes() -> None:
    network, batch = made("mamba attention"), prompts()
    found = hidden_attention(network, batch)
    with torch.no_grad(), capture(network, ["block.0.attention"]) as captured:
        network(batch.tokens)
    weights = captured["block.0.attention"]
    assert (weights < 0).any()
    expected = (weights / weights.abs().sum(-1, keepdim=True)).mean((0, 1))[batch.queries]
    first = found.blocks[0]
    # The tokens 2k and 2k + 1 are the example k.
    together = expected[:, 0::2] + expected[:, 1::2]
    assert first.signed == pytest.approx(together.numpy(), rel=1e-9, abs=1e-12)
    assert (abs(first.signed) <= first.examples + 1e-12).all()
    # Softmax weights have no signs, and no rows that say so.
    assert found.blocks[1].signed == pytest.approx(found.blocks[1].examples, rel=1e-12)
    blocks = {row.metric: row.block for row in found.records(TASK, "run")}
    assert blocks["hidden_attention_signed"] == 0
