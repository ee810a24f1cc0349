"""Ablation: what is left when everything is gone, single parts against changed weights, and that nothing stays."""

import numpy as np
import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.evaluation.errors import measured
from icl_lab.models.network import Network
from icl_lab.probing.activations import capture
from icl_lab.probing.interventions import ablated, ablation_effects, as_sequences, parts
from icl_lab.probing.interventions.ablation import How, StandIns, stand_ins_from, token_alone
from icl_lab.probing.interventions.measuring import late
from icl_lab.probing.interventions.parts import KINDS, Part
from icl_lab.tasks.base import Task
from icl_lab.tasks.chain_of_thought import ChainOfThought
from tests.unit.models.toys import assert_same
from tests.unit.probing.networks import TASK, made, prompts

HYBRID = "mamba mlp (attention delta_net)"


def stand_ins(network: Network, chosen: tuple[Part, ...], how: How) -> StandIns:
    return stand_ins_from(network, prompts(step=1), chosen, how, Stream(0))


def answers(network: Network, chosen: tuple[Part, ...], how: How, tokens: torch.Tensor) -> torch.Tensor:
    with torch.no_grad(), ablated(network, chosen, stand_ins(network, chosen, how)):
        return network(tokens)


@pytest.mark.parametrize("settings", [{}, {"positions": "learned"}, {"norm": "rms"}])
def test_everything_zeroed_is_the_zero_predictor_where_nothing_has_a_bias(settings: dict[str, str]) -> None:
    network = made(HYBRID, **settings)
    with torch.no_grad():
        network.read_out.bias.zero_()
        for name, weight in network.backbone.final_norm.named_parameters():
            if name in ("bias", "offset"):
                weight.zero_()
    everything = parts(network, ["everything"])
    batch = prompts()
    assert not answers(network, everything, "zero", batch.tokens).any()
    effects = ablation_effects(network, TASK, batch, prompts(step=1), how="zero", ablate=everything)
    of_zero = measured(TASK, torch.zeros_like(late(batch).targets), late(batch)) / TASK.zero_error
    assert float(effects.effects[0].error.value) == pytest.approx(of_zero.mean(), rel=1e-12)


@pytest.mark.parametrize("norm_order", ["pre", "post"])
@pytest.mark.parametrize("how", ["mean", "zero"])
def test_everything_ablated_answers_all_prompts_alike(how: How, norm_order: str) -> None:
    network = made(HYBRID, norm_order=norm_order)
    output = answers(network, parts(network, ["everything"]), how, prompts().tokens)
    assert torch.equal(output, output[:1].expand_as(output))


def test_zeros_everywhere_leave_the_read_out_of_an_empty_stream() -> None:
    network = made(HYBRID)
    output = answers(network, parts(network, ["everything"]), "zero", prompts().tokens)
    empty = network.read_out(network.backbone.final_norm(torch.zeros(16, dtype=torch.float64)))
    assert_same(output, empty.expand_as(output))


@pytest.mark.parametrize("how", ["mean", "resample", "zero"])
def test_with_all_mixers_ablated_an_answer_depends_on_its_own_token_alone(how: How) -> None:
    network = made(HYBRID)
    batch = prompts().tokens
    other = prompts(step=2).tokens
    other[:, 6] = batch[:, 6]
    blocks = parts(network, ["block"])
    one, two = (answers(network, blocks, how, tokens) for tokens in (batch, other))
    assert torch.equal(one[:, 6], two[:, 6])
    assert not torch.equal(one[:, 4], two[:, 4])


def test_resampling_everything_is_the_answer_of_another_prompt() -> None:
    network = made(HYBRID)
    everything = parts(network, ["everything"])
    filled = stand_ins(network, everything, "resample")
    with torch.no_grad(), ablated(network, everything, filled):
        found = network(prompts().tokens)
    with torch.no_grad():
        assert_same(found, network(prompts(step=1).tokens)[filled.rows])


def test_the_mean_is_over_other_prompts_at_the_same_place() -> None:
    network, others = made("mamba"), prompts(step=1)
    (part,) = parts(network, ["block"])
    with torch.no_grad(), capture(network, part.activations) as found:
        network(others.tokens)
    (name,) = part.activations
    value = torch.zeros(3, 16, 16, dtype=torch.float64)
    assert_same(stand_ins(network, (part,), "mean").of(name, value)[1], found[name].mean(0))
    # A question beside the prompt ends earlier.
    assert_same(stand_ins(network, (part,), "mean").of(name, value[:, :5])[2], found[name].mean(0)[:5])


def test_a_head_zeroed_is_its_part_of_the_output_map_zeroed() -> None:
    network = made("attention(num_heads=8) mamba")
    head = next(part for part in parts(network, ["head"]) if part.label == "head 3 of block 0")
    found = answers(network, (head,), "zero", prompts().tokens)
    with torch.no_grad():
        network.backbone.blocks[0].mixer.to_out.weight[:, 6:8] = 0
        assert_same(found, network(prompts().tokens))


def test_a_state_channel_zeroed_is_one_that_nothing_is_written_to() -> None:
    network = made("mamba")
    chosen = next(part for part in parts(network, ["state"]) if part.label == "state 5 of block 0")
    found = answers(network, (chosen,), "zero", prompts().tokens)
    with torch.no_grad():
        # The rows of B come after the one of dt.
        network.backbone.blocks[0].mixer.x_proj.weight[1 + 5] = 0
        assert_same(found, network(prompts().tokens))


@pytest.mark.parametrize("block", ["mamba", "mamba2", "s4_mamba", "delta_net", "h3", "hyena", "mesa"])
def test_without_neighbours_a_convolution_sees_the_token_alone(block: str) -> None:
    network = made(block)
    mixer = network.backbone.blocks[0].mixer
    kept = mixer.short_filter.detach().clone()
    assert kept.shape[1] > 1
    (part,) = parts(network, ["neighbours"])
    with ablated(network, (part,), stand_ins(network, (part,), "zero")):
        assert not mixer.short_filter[:, :-1].any()
        assert torch.equal(mixer.short_filter[:, -1], kept[:, -1])
    assert torch.equal(mixer.short_filter, kept)
    with pytest.raises(ArithmeticError), token_alone(network, 0):
        raise ArithmeticError
    assert torch.equal(mixer.short_filter, kept)


def test_a_block_without_convolution_has_no_neighbours() -> None:
    assert parts(made("attention mlp"), ["neighbours", "convolution", "state"]) == ()
    with pytest.raises(UserError, match="no short convolution"), token_alone(made("mlp"), 0):
        pass


def test_parts_of_one_activation_are_ablated_together() -> None:
    network = made("attention")
    heads, tokens = parts(network, ["head"]), prompts().tokens
    with torch.no_grad():
        bias = network.backbone.blocks[0].mixer.to_out.bias
        together = answers(network, heads, "zero", tokens)
        # Without heads the mixer gives its bias, as much as with its whole output map at zero.
        network.backbone.blocks[0].mixer.to_out.weight.zero_()
        assert bias.any()
        assert_same(together, network(tokens))


def test_many_channels_are_taken_in_groups_that_cover_them_once() -> None:
    chosen = parts(made("mamba"), ["head"], most=5)
    bounds = [(part.start, part.stop) for part in chosen]
    assert len(bounds) == 5
    assert [start for start, _ in bounds] == [0, *(stop for _, stop in bounds[:-1])]
    assert bounds[-1][1] == 32
    assert chosen[0].label == "channels 0 to 5 of block 0"


def test_effects_are_paired_and_leave_the_network_as_it_was() -> None:
    network = made(HYBRID)
    weights = {name: weight.clone() for name, weight in network.state_dict().items()}
    chosen = parts(network, KINDS, most=1)
    effects = ablation_effects(network, TASK, prompts(batch=20), prompts(step=1), ablate=chosen)
    assert all(torch.equal(weight, weights[name]) for name, weight in network.state_dict().items())
    assert len(effects.effects) == len(chosen)
    for one in effects.effects:
        assert float(one.rise.value) == pytest.approx(float(one.error.value - effects.intact.value), abs=1e-12)
        assert one.error.low <= one.error.value <= one.error.high
    rows = list(effects.records("run"))
    assert [row.about for row in rows] == ["", *(part.label for part in chosen)]
    assert rows[2].block == 0
    assert {row.metric for row in rows[1:]} == {"ablated_error_over_zero_by_mean"}


def test_the_intact_error_is_that_of_the_last_quarter_of_questions() -> None:
    network, batch = made("mamba"), prompts()
    effects = ablation_effects(network, TASK, batch, prompts(step=1), ablate=())
    with torch.no_grad():
        errors = (network.predict(batch) - batch.targets)[:, 6:].square().numpy() / 3
    # The reported error is divided by dim, and so is the zero predictor's.
    assert float(effects.intact.value) == pytest.approx(np.mean(errors) / TASK.zero_error, rel=1e-9)


def test_prompts_that_share_a_draw_have_no_interval() -> None:
    task = TASK.override({"inputs": "skewed"})
    assert task.shared_draws
    effects = ablation_effects(made("mamba"), task, prompts(task=task), prompts(step=1, task=task), ablate=())
    assert np.isnan([effects.intact.low, effects.intact.high]).all()
    assert [(row.low, row.high) for row in effects.records("run")] == [(None, None)]


@pytest.mark.parametrize("task", [TASK.override({"queries": "orthogonal"}), ChainOfThought(dim=3, length=6)])
def test_questions_beside_the_prompt_are_read_as_prompts_of_their_own(task: Task) -> None:
    network, batch = made("mamba attention", task), prompts(task=task)
    assert batch.branches is not None
    with torch.no_grad():
        assert_same(as_sequences(network, batch), network.predict(batch))
    if not batch.branches.feed_back:
        blocks = parts(network, ["everything", "block"])
        effects = ablation_effects(network, task, batch, prompts(step=1, task=task), ablate=blocks)
        assert np.isfinite([float(one.error.value) for one in effects.effects]).all()


def test_an_unknown_way_of_ablating_is_refused() -> None:
    with pytest.raises(UserError, match="mean"):
        ablation_effects(made("mamba"), TASK, prompts(), prompts(step=1), how="means")
    with pytest.raises(UserError, match="head"):
        parts(made("mamba"), ["heads"])
