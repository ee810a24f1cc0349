"""Chain of thought: one network a prompt behind all three tokens; what training shows and what evaluation asks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from icl_lab.baselines.chain_least_squares import ChainLeastSquares
from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.models.backbone import BackboneSpec
from icl_lab.models.mixers.attention import Attention
from icl_lab.models.network import Network, NetworkSpec, NetworkState
from icl_lab.models.presets.mamba import Mamba
from icl_lab.models.presets.transformer import Transformer
from icl_lab.tasks.chain_of_thought import ChainOfThought
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.two_layer_relu import TwoLayerRelu
from tests.unit.models.toys import assert_same, generator, scramble

STREAM = Stream(0, ("chain",))
SMALL = ChainOfThought(length=6, dim=4, hidden=3)
WIDE = ChainOfThought(length=6, dim=2, hidden=5)


def tokens_of(task: ChainOfThought, prompts: PromptBatch) -> tuple[Tensor, Tensor, Tensor]:
    """x, s and y of every example, from the tokens, in float64."""
    tokens = prompts.tokens.double()
    return tokens[:, ::3, : task.dim], tokens[:, 1::3, : task.hidden], tokens[:, 2::3, 0]


def weights(task: ChainOfThought, prompts: PromptBatch) -> tuple[Tensor, Tensor]:
    """W and v of each prompt, solved for unit by unit from the tokens."""
    xs, states, ys = tokens_of(task, prompts)
    second = torch.linalg.lstsq(states, ys[..., None]).solution[..., 0]
    first = torch.zeros(prompts.batch, task.dim, task.hidden, dtype=torch.float64)
    for b in range(prompts.batch):
        for j in range(task.hidden):
            on = states[b, :, j] > 0
            first[b, :, j] = torch.linalg.lstsq(xs[b, on], states[b, on, j, None]).solution[:, 0]
    return first, second


@pytest.mark.parametrize("hidden", [1, 4, 8, 16])
def test_one_network_a_prompt_is_behind_all_tokens(hidden: int) -> None:
    task = ChainOfThought(hidden=hidden)
    prompts = task.sample(STREAM, 0, 8)
    xs, states, ys = tokens_of(task, prompts)
    first, second = weights(task, prompts)
    # float32 rounding of the tokens, 6e-8, through 8 x 16 regressions from about 50 equations in 10 unknowns.
    torch.testing.assert_close((xs @ first).relu(), states, rtol=0, atol=1e-4)
    torch.testing.assert_close((states @ second[..., None])[..., 0], ys, rtol=0, atol=1e-4)
    assert (first[0] - first[1]).abs().max() > 0.1
    # The rest of the width is zero.
    width = max(10, hidden)
    assert prompts.tokens.shape == (8, 303, width)
    for token, used in ((0, 10), (1, hidden), (2, 1)):
        assert prompts.tokens[:, token::3, used:].abs().sum() == 0


def test_weights_have_the_published_variances() -> None:
    prompts = ChainOfThought(length=60, dim=5, hidden=4).sample(STREAM, 0, 400)
    first, second = weights(ChainOfThought(length=60, dim=5, hidden=4), prompts)
    # 8,000 and 1,600 squares stray by 1.6 % and 3.5 %; four times that.
    assert first.square().mean().item() == pytest.approx(2 / 4, rel=0.064)
    assert second.square().mean().item() == pytest.approx(1, rel=0.14)


def test_functions_are_those_of_two_layer_relu() -> None:
    chain, plain = ChainOfThought(length=11, dim=5, hidden=3), TwoLayerRelu(length=11, dim=5, hidden=3)
    ours, theirs = chain.sample(STREAM, 2, 4).examples, plain.sample(STREAM, 2, 4).examples
    assert ours is not None
    assert theirs is not None
    assert torch.equal(ours.xs, theirs.xs)
    torch.testing.assert_close(ours.ys, theirs.ys)  # summed in another order


def test_without_the_chain_the_same_examples_make_two_tokens() -> None:
    with_chain, without = (SMALL.replace(chain=c).sample(STREAM, 0, 3) for c in (True, False))
    assert with_chain.examples is not None
    assert without.examples is not None
    assert torch.equal(with_chain.examples.ys, without.examples.ys)
    assert without.tokens.shape == (3, 12, 4)
    assert torch.equal(SMALL.asked(with_chain).targets, without.targets)


@pytest.mark.parametrize("task", [SMALL, WIDE], ids=ChainOfThought.short)
def test_training_asks_for_the_hidden_layer_then_for_the_answer(task: ChainOfThought) -> None:
    prompts = task.sample(STREAM, 0, 3)
    assert prompts.queries.tolist() == [0, 1, 3, 4, 6, 7, 9, 10, 12, 13, 15, 16]
    assert prompts.branches is None
    _, states, ys = tokens_of(task, prompts)
    assert torch.equal(prompts.targets[:, ::2].double(), states)
    assert torch.equal(prompts.targets[:, 1::2, 0].double(), ys)


def test_the_loss_is_the_sum_of_both_questions() -> None:
    prompts = SMALL.sample(STREAM, 0, 5)
    predictions = torch.randn(5, 12, 3, generator=generator())
    expected = 0.0
    for b in range(5):
        for i in range(6):
            state, answer = prompts.targets[b, 2 * i], prompts.targets[b, 2 * i + 1, 0]
            expected += float((predictions[b, 2 * i] - state).square().sum()) / 30
            expected += float((predictions[b, 2 * i + 1, 0] - answer).square()) / 30
    assert SMALL.loss(predictions, prompts).item() == pytest.approx(expected, rel=1e-5)
    # Of a read-out at s only the first number is asked for.
    other = predictions.clone()
    other[:, 1::2, 1:] += 7
    assert torch.equal(SMALL.loss(other, prompts), SMALL.loss(predictions, prompts))


def test_evaluation_reads_the_models_own_hidden_layer_and_reports_the_answer() -> None:
    prompts = SMALL.sample(STREAM, 0, 3)
    asked = SMALL.asked(prompts)
    assert asked.branches is not None
    assert asked.branches.feed_back == 1
    assert asked.branches.starts.tolist() == asked.queries.tolist() == [0, 3, 6, 9, 12, 15]
    assert torch.equal(asked.branches.tokens, prompts.tokens[:, ::3])
    forced = SMALL.replace(free_running=False).asked(prompts)
    assert forced.branches is None
    assert forced.queries.tolist() == [1, 4, 7, 10, 13, 16]
    for each in (asked, forced):
        _, _, ys = tokens_of(SMALL, prompts)
        assert torch.equal(each.targets.double(), ys)
        off = torch.zeros(3, 6, 3, dtype=torch.float64)
        off[..., 0] = ys + 2
        assert_same(SMALL.error(off, each), torch.full((3, 6), 4 / 4, dtype=torch.float64))
        assert_same(SMALL.error(off[..., 0], each), SMALL.error(off, each))


@pytest.mark.parametrize("task", [SMALL, WIDE, SMALL.replace(hidden=1)], ids=ChainOfThought.short)
@pytest.mark.parametrize("preset", [Mamba(d_model=8, num_layers=1), Transformer(d_model=8, num_layers=1)])
def test_a_free_run_is_the_sequence_form_with_the_hidden_layer_replaced(task: ChainOfThought, preset: Mamba) -> None:
    network = preset.build(task, Stream(0)).double()
    scramble(network)
    asked = task.asked(task.sample(STREAM, 0, 2)).to(dtype=torch.float64)
    with torch.no_grad():
        answers = network.predict(asked).reshape(2, 6, -1)
        for i in range(6):
            replaced = asked.tokens.clone()
            replaced[:, 3 * i + 1] = 0
            replaced[:, 3 * i + 1, : task.hidden] = network(asked.tokens)[:, 3 * i]
            assert_same(answers[:, i], network(replaced)[:, 3 * i + 1])


class Chain(Network):
    """A network that knows W and v, and answers at x with s, at s with y."""

    def __init__(self, task: ChainOfThought, first: Tensor, second: Tensor) -> None:
        backbone = BackboneSpec(d_model=8, pattern=(Attention(),))
        spec = NetworkSpec(d_token=task.d_token, d_output=task.d_output, backbone=backbone)
        super().__init__(spec, generator(), "chain")
        self.first, self.second = first, second

    def step(self, token: Tensor, state: NetworkState) -> tuple[Tensor, NetworkState]:
        output = torch.zeros(len(token), self.spec.d_output, dtype=token.dtype)
        if state.position % 3 == 0:
            output = torch.einsum("bd,bdh->bh", token[:, : self.first.shape[1]], self.first).relu()
        elif state.position % 3 == 1:
            output[:, 0] = (token[:, : self.second.shape[1]] * self.second).sum(1)
        return output, replace(state, position=state.position + 1)

    def extend(self, tokens: Tensor, state: NetworkState) -> tuple[Tensor, NetworkState]:
        outputs = []
        for token in tokens.unbind(1):
            output, state = self.step(token, state)
            outputs.append(output)
        return torch.stack(outputs, dim=1), state

    def forward(self, tokens: Tensor) -> Tensor:
        return self.extend(tokens, self.initial_state(len(tokens)))[0]


def test_reading_the_truth_or_itself_is_the_same_to_a_perfect_predictor_alone() -> None:
    task = ChainOfThought(length=40, dim=4, hidden=3)
    prompts = task.sample(STREAM, 0, 4)
    first, second = weights(task, prompts)
    ways = [task.replace(free_running=free).asked(prompts).to(dtype=torch.float64) for free in (True, False)]
    perfect, wrong = Chain(task, first, second), Chain(task, 1.1 * first, second)
    for asked in ways:
        # Weights solved for from tokens of float32.
        assert task.error(perfect.predict(asked), asked).max() < 1e-8
    own, truth = (task.error(wrong.predict(asked), asked) for asked in ways)
    assert own.mean() > 1e-3
    assert truth.max() < 1e-8


def test_the_curriculum_grows_the_prompt_alone() -> None:
    curriculum = ChainOfThought().curriculum
    assert curriculum.dims is None
    assert curriculum.length is not None
    assert [curriculum.length.at(step) for step in (0, 1999, 2000, 30_000, 10**6)] == [26, 26, 31, 101, 101]
    stage = curriculum.task_at(ChainOfThought(), 2000)
    assert stage.sample(STREAM, 0, 1).tokens.shape == (1, 93, 10)


@pytest.mark.parametrize("hidden", [4, 8, 16])
def test_chain_least_squares_is_exact_after_enough_examples(hidden: int) -> None:
    task = ChainOfThought(hidden=hidden, length=61)
    asked = task.asked(task.sample(STREAM, 0, 32))
    baseline = ChainLeastSquares(hidden=hidden)
    error = task.error(baseline.predict(asked), asked)
    # 60 coin flips of each of at most 16 units leave fewer than 10 equations in one prompt of 10^6.
    assert error[:, 60].max() < 1e-6
    assert error[:, 0].mean() == pytest.approx(asked.targets[:, 0].square().mean().item() / 10, rel=1e-6)
    plain = task.error(LeastSquares().predict(asked), asked)
    assert error[:, 5].mean() < plain[:, 5].mean()
    assert error[:, 30].mean() < 0.1 * plain[:, 30].mean()


def test_chain_least_squares_is_the_product_of_two_posterior_means() -> None:
    task = ChainOfThought(length=7, dim=4, hidden=3)
    prompts = task.sample(STREAM, 0, 5)
    xs, states, ys = tokens_of(task, prompts)
    answers = ChainLeastSquares(hidden=3).predict(task.asked(prompts))
    draws = np.random.Generator(np.random.Philox(0)).standard_normal(200_000)
    for b in range(5):
        for i in range(7):
            guess = torch.zeros(3, dtype=torch.float64)
            for j in range(3):
                on = states[b, :i, j] > 0
                seen = xs[b, :i][on]
                inverse = torch.linalg.pinv(seen)
                mean = (inverse @ states[b, :i, j][on]) @ xs[b, i]
                left = xs[b, i] - inverse @ (seen @ xs[b, i])
                spread = np.sqrt(2 / 3) * float(left.norm()) if len(seen) < 4 else 0.0
                guess[j] = float(np.maximum(float(mean) + spread * draws, 0).mean())
            second = torch.linalg.pinv(states[b, :i]) @ ys[b, :i]
            # 200,000 draws of a deviation of about 1 stray by 0.002; times |v|, four times that.
            assert abs(float(guess @ second) - float(answers[b, i])) < 0.03


def test_chain_least_squares_reads_the_hidden_layer_of_the_query_only_where_it_is_shown() -> None:
    task = ChainOfThought(length=12, dim=4, hidden=3)
    prompts = task.sample(STREAM, 0, 5)
    changed = prompts.tokens.clone()
    changed[:, 3 * 7 + 1 :] = -changed[:, 3 * 7 + 1 :]
    after = PromptBatch(changed, prompts.queries, prompts.targets, prompts.scored, prompts.examples)
    baseline = ChainLeastSquares(hidden=3)
    assert torch.equal(baseline.predict(task.asked(after))[:, :8], baseline.predict(task.asked(prompts))[:, :8])
    forced = task.replace(free_running=False)
    shown = baseline.predict(forced.asked(prompts))
    assert not torch.equal(shown[:, 7], baseline.predict(forced.asked(after))[:, 7])
    # With s shown, v is all that is missing: three equations, once every unit has not been silent.
    assert forced.error(shown, forced.asked(prompts))[:, 11].max() < 1e-6
    assert torch.equal(
        baseline.predict(task.asked(prompts), shown=[2, 9]), baseline.predict(task.asked(prompts))[:, [2, 9]]
    )
    assert baseline.predict(task.asked(prompts), shown=[]).shape == (5, 0)


def test_chain_least_squares_refuses_prompts_without_a_chain() -> None:
    with pytest.raises(UserError, match="needs prompts of three tokens an example, .* got tokens of shape"):
        ChainLeastSquares().predict(LinearRegression().sample(STREAM, 0, 2))
