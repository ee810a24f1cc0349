"""Questions beside the prompt: what a network answers on a branch is what it answers when the branch is the prompt."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import pad

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import Branches, PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.models.mixers.base import State
from icl_lab.models.mixers.mamba import MambaMixer
from icl_lab.models.network import Network
from icl_lab.models.presets.base import Preset
from icl_lab.models.presets.mamba import Mamba
from icl_lab.models.presets.s4 import S4
from icl_lab.models.presets.standard_hybrid import StandardHybrid
from icl_lab.models.presets.transformer import Transformer
from icl_lab.tasks.induction_heads import InductionHeads
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.queries.repeated import Repeated
from tests.unit.models.toys import ToyTask, assert_same, randn, scramble

SIZE = {"d_model": 8, "num_layers": 1}
PRESETS: list[Preset] = [
    Transformer(**SIZE, num_heads=2),
    Transformer(**SIZE, num_heads=2, positions="rotary"),
    Transformer(**SIZE, num_heads=2, num_positions=12),
    Mamba(**SIZE),
    StandardHybrid(**SIZE, num_heads=2),
    S4(**SIZE),
]
every_preset = pytest.mark.parametrize("preset", PRESETS, ids=Preset.short)


def network(preset: Preset, outputs: int = 2) -> Network:
    built = preset.build(ToyTask(width=4, outputs=outputs, length=6), Stream(0)).double().eval()
    scramble(built)
    return built


def branched(starts: list[int], feed_back: int) -> PromptBatch:
    length = len(starts)
    return PromptBatch(
        tokens=randn(3, 9, 4),
        queries=torch.tensor(starts),
        targets=torch.zeros(3, length),
        scored=torch.ones(3, length, dtype=torch.bool),
        branches=Branches(torch.tensor(starts), randn(3, length, 4, seed=1), feed_back),
    )


def by_hand(model: Network, prompts: PromptBatch, i: int) -> Tensor:
    """Prediction i by writing its branch out as a prompt, read from the start, again for every token fed back."""
    assert prompts.branches is not None
    sequence = torch.cat([prompts.tokens[:, : prompts.branches.starts[i]], prompts.branches.tokens[:, i, None]], dim=1)
    output = model(sequence)[:, -1:]
    for _ in range(prompts.branches.feed_back):
        sequence = torch.cat([sequence, pad(output, (0, 4 - output.shape[2]))], dim=1)
        output = model(sequence)[:, -1:]
    return output[:, 0]


@every_preset
@pytest.mark.parametrize("feed_back", [0, 1, 2])
@pytest.mark.parametrize("starts", [[0, 2, 4, 6, 8], [1, 1, 5], [9], [0]])
def test_a_branch_is_answered_as_the_prompt_that_it_spells(preset: Preset, starts: list[int], feed_back: int) -> None:
    model, prompts = network(preset), branched(starts, feed_back)
    with torch.no_grad():
        answers = model.predict(prompts)
        for i in range(len(starts)):
            assert_same(answers[:, i], by_hand(model, prompts, i))


@every_preset
def test_one_number_is_fed_back_as_the_first_of_a_token(preset: Preset) -> None:
    model, prompts = network(preset, outputs=1), branched([2, 5], 1)
    with torch.no_grad():
        assert_same(model.predict(prompts)[:, 1:], by_hand(model, prompts, 1))


@every_preset
def test_branches_do_not_see_each_other_nor_the_rest_of_the_prompt(preset: Preset) -> None:
    model, prompts = network(preset), branched([0, 2, 4], 1)
    assert prompts.branches is not None
    with torch.no_grad():
        before = model.predict(prompts)
        prompts.branches.tokens[:, 0] += 1
        prompts.tokens[:, 4:] -= 1
        after = model.predict(prompts)
    assert torch.equal(after[:, 1:], before[:, 1:])
    assert not torch.equal(after[:, 0], before[:, 0])


@pytest.mark.parametrize("feed_back", [0, 1])
def test_the_prompt_is_read_once(monkeypatch: pytest.MonkeyPatch, feed_back: int) -> None:
    model, read = network(Mamba(**SIZE)), []
    step, extend = MambaMixer.step, MambaMixer.extend

    def stepped(self: MambaMixer, x: Tensor, state: State) -> tuple[Tensor, State]:
        read.append(1)
        return step(self, x, state)

    def extended(self: MambaMixer, x: Tensor, state: State) -> tuple[Tensor, State]:
        read.append(x.shape[1])
        return extend(self, x, state)

    monkeypatch.setattr(MambaMixer, "step", stepped)
    monkeypatch.setattr(MambaMixer, "extend", extended)
    blocks = len(model.spec.backbone.pattern)
    for starts in ([0, 3, 6], [0, 2, 4, 6, 8], [1] * 7):
        read.clear()
        model.predict(branched(starts, feed_back))
        assert sum(read) == blocks * (starts[-1] + len(starts) * (1 + feed_back))


def test_symbols_can_be_asked_about_beside_the_prompt() -> None:
    task = InductionHeads(length=5, symbols=6)
    model = Mamba(**SIZE).build(task, Stream(0)).double().eval()
    scramble(model)
    prompts = task.sample(Stream(0), 0, 3)
    asked = prompts.tokens[:, prompts.queries]
    beside = PromptBatch(
        prompts.tokens, prompts.queries, prompts.targets, prompts.scored, branches=Branches(prompts.queries, asked)
    )
    with torch.no_grad():
        assert_same(model.predict(beside), model.predict(prompts))


@pytest.mark.parametrize(("feed_back", "needed"), [(0, 17), (2, 19)])
def test_too_few_learned_positions_are_said_with_all_that_the_branches_need(feed_back: int, needed: int) -> None:
    model = network(Transformer(**SIZE, num_heads=2, num_positions=12))
    prompts = branched([2, 4, 16], feed_back)
    with pytest.raises(UserError, match=f"has 12 learned positions, got a prompt of {needed} tokens"):
        model.predict(prompts)


def test_gradients_pass_through_branches() -> None:
    task = LinearRegression(dim=3, length=4, queries=Repeated())
    model = Mamba(**SIZE).build(task, Stream(0)).double()
    prompts = task.sample(Stream(0), 0, 5).to(dtype=torch.float64)
    task.loss(model.predict(prompts), prompts).backward()
    idle = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert idle == []
