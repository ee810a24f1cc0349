"""Patching and task vectors: what changes nothing, and what changes everything."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.probing.activations import names
from icl_lab.probing.interventions import patching_effects, task_vector_effects
from icl_lab.probing.interventions.carried import Question, with_states
from icl_lab.probing.interventions.measuring import judged
from icl_lab.probing.interventions.patching import at_tokens, tokens_of_examples
from tests.unit.models.toys import assert_same, randn
from tests.unit.probing.networks import TASK, made, prompts

HYBRID = "mamba attention delta_net mlp"


def test_patching_with_the_prompt_itself_changes_nothing() -> None:
    network, batch = made(HYBRID), prompts()
    effects = patching_effects(network, TASK, batch, others=batch)
    assert effects.rise.value.shape == (5, 7)
    assert not effects.rise.value.any()
    assert not effects.rise.high.any()


def test_after_the_last_block_nothing_is_read_from_other_tokens() -> None:
    effects = patching_effects(made(HYBRID), TASK, prompts())
    assert effects.names[-1] == "block.3.residual"
    assert not effects.rise.value[-1].any()
    # A channel mixer reads no other tokens either.
    assert not effects.rise.value[-2].any()
    assert effects.rise.value[0].all()


def test_patching_the_embedding_is_another_example_in_the_prompt() -> None:
    network, batch, other = made("mamba attention"), prompts(), prompts(step=1)
    effects = patching_effects(network, TASK, batch, others=other, names=["embedding"])
    tokens = batch.tokens.clone()
    tokens[:, 4:6] = other.tokens[:, 4:6]
    with torch.no_grad():
        fraction = [
            judged(TASK, network(read)[:, batch.queries, 0], batch, "network")[:, -2:].mean()
            for read in (batch.tokens, tokens)
        ]
    # Rounding of two means over prompts and their difference.
    assert effects.rise.value[0, 2] == pytest.approx(fraction[1] - fraction[0], abs=1e-12)
    assert float(effects.intact.value) == pytest.approx(fraction[0], rel=1e-12)


def test_an_example_counts_for_the_answers_after_it() -> None:
    network, batch, other = made("mamba attention"), prompts(), prompts(step=1)
    effects = patching_effects(network, TASK, batch, others=other, names=["embedding"])
    assert (effects.questions, effects.shown) == (2, 7)
    last = patching_effects(network, TASK, batch, others=other, names=["embedding"], query=-1)
    assert (last.questions, last.shown) == (1, 7)
    # The last example is read by the last answer alone; of the one before it is the token that is asked about.
    assert effects.rise.value[0, 6] == pytest.approx(last.rise.value[0, 6], rel=1e-12)
    assert effects.rise.value[0, 5] != pytest.approx(last.rise.value[0, 5], rel=1e-3)


def test_the_chance_of_a_rise_is_known_of_independent_prompts_alone() -> None:
    network, batch, other = made("mamba attention"), prompts(), prompts(step=1)
    known = patching_effects(network, TASK, batch, others=other)
    assert (known.chance[-1] == 1).all()
    assert ((known.chance > 0) & (known.chance <= 1)).all()
    rows = {row.metric for row in known.records("run")}
    assert rows == {"patched_late_rise_over_zero", "patched_late_rise_chance"}
    unknown = patching_effects(network, TASK, batch, others=other, independent=False)
    assert np.isnan(unknown.chance).all()
    assert {row.metric for row in unknown.records("run")} == {"patched_late_rise_over_zero"}
    assert np.array_equal(unknown.rise.value, known.rise.value)


def test_only_examples_before_the_question_are_patched() -> None:
    effects = patching_effects(made("mamba"), TASK, prompts(), query=3)
    assert effects.examples == (0, 1, 2)
    assert effects.shown == 3
    with pytest.raises(UserError, match="no example"):
        patching_effects(made("mamba"), TASK, prompts(), query=0)


def test_questions_beside_the_prompt_can_be_patched() -> None:
    task = TASK.override({"queries": "orthogonal"})
    effects = patching_effects(made("mamba", task), task, prompts(task=task))
    assert effects.rise.value[0].all()
    assert not effects.rise.value[-1].any()


def test_rows_say_which_activation_and_which_example() -> None:
    rows = list(patching_effects(made("mamba"), TASK, prompts()).records("run"))
    assert [(row.about, row.block, row.shown) for row in rows[:2]] == [("embedding", None, 0), ("embedding", None, 1)]
    assert (rows[7].about, rows[7].block) == ("block.0.residual", 0)


def test_tokens_of_an_example_are_its_x_and_its_y() -> None:
    found = tokens_of_examples(prompts(), end=5)
    assert {example: tokens.tolist() for example, tokens in found.items()} == {0: [0, 1], 1: [2, 3], 2: [4]}


def test_a_change_at_some_tokens_leaves_what_it_was_given() -> None:
    value, source = randn(2, 4, 3), randn(2, 4, 3, seed=1)
    kept = value.clone()
    changed = at_tokens(source, torch.tensor([1, 2]))(value)
    assert torch.equal(value, kept)
    assert torch.equal(changed[:, 1:3], source[:, 1:3])
    assert torch.equal(changed[:, ::3], value[:, ::3])


@pytest.mark.parametrize("blocks", [HYBRID, "mamba mamba", "attention(positions=rotary) mlp", "rwkv7 s4d"])
def test_all_states_together_are_the_whole_prompt_and_none_of_them_is_nothing(blocks: str) -> None:
    network, batch = made(blocks), prompts()
    with torch.no_grad():
        full_output = network(batch.tokens[:, :15])[:, -1]
        question = Question(network, batch.tokens[:, :14], batch.tokens[:, 14], 0)
        _, full = network.extend(question.before, network.initial_state(6))
        nothing = network.initial_state(6)
        everything = set(range(len(full.blocks)))
        assert_same(question.answer(with_states(full, nothing, everything)), full_output)
        alone = network(batch.tokens[:, 14:15])[:, -1]
        assert_same(question.answer(with_states(full, nothing, set())), alone)


def test_the_state_of_a_single_block_is_all_there_is() -> None:
    effects = task_vector_effects(made("mamba"), TASK, prompts())
    assert effects.names == ("block.0.state",)
    assert float(effects.errors[0].value) == pytest.approx(float(effects.full.value), rel=1e-12)
    assert float(effects.without.value) != pytest.approx(float(effects.full.value), rel=1e-3)


def test_a_residual_after_the_last_block_is_read_by_nobody() -> None:
    effects = task_vector_effects(made("mamba attention"), TASK, prompts(), carrier="residual")
    assert effects.names == ("embedding", "block.0.residual", "block.1.residual")
    values = [float(one.value) for one in effects.errors]
    assert values[-1] == float(effects.without.value)
    assert len(set(values)) == 3


def test_the_residual_is_that_of_the_last_token_of_the_examples() -> None:
    network, batch = made("mlp attention"), prompts()

    def errors(changed: int) -> list[float]:
        tokens = batch.tokens.clone()
        tokens[:, changed] += 1.0
        prompts_changed = replace(batch, tokens=tokens)
        return [
            float(one.value)
            for one in task_vector_effects(network, TASK, prompts_changed, carrier="residual").errors[:2]
        ]

    # Neither block looks at other tokens before the residual is taken.
    assert errors(changed=0) == errors(changed=5)
    assert errors(changed=0) != errors(changed=13)


@pytest.mark.parametrize("carrier", ["state", "residual"])
def test_another_functions_vector_is_that_of_the_other_prompts(carrier: str) -> None:
    network, batch, other = made("mamba attention"), prompts(), prompts(step=1)
    same = task_vector_effects(network, TASK, batch, others=batch, carrier=carrier)
    assert [float(one.value) for one in same.gains] == [0.0] * len(same.names)
    assert same.errors == same.of_another
    effects = task_vector_effects(network, TASK, batch, others=other, carrier=carrier)
    assert effects.errors == same.errors
    # The same questions after the others' examples: put in as if they were the prompts' own.
    swapped = replace(other, tokens=other.tokens.clone(), targets=batch.targets)
    swapped.tokens[:, 12] = batch.tokens[:, 12]
    swapped = task_vector_effects(network, TASK, swapped, others=batch, carrier=carrier, query=6)
    one = task_vector_effects(network, TASK, batch, others=other, carrier=carrier, query=6)
    for name, mine, theirs in zip(one.names, one.of_another, swapped.errors, strict=True):
        assert float(mine.value) == pytest.approx(float(theirs.value), rel=1e-9), name
    for own, another, gain in zip(one.errors, one.of_another, one.gains, strict=True):
        assert float(gain.value) == pytest.approx(float(another.value) - float(own.value), abs=1e-9)


def test_task_vectors_are_asked_the_last_quarter_and_never_more_than_ten() -> None:
    network = made("mamba")
    effects = task_vector_effects(network, TASK, prompts())
    each = [task_vector_effects(network, TASK, prompts(), query=query) for query in (6, 7)]
    assert (effects.questions, effects.shown) == (2, 7)
    apart = np.mean([float(one.errors[0].value) for one in each])
    assert float(effects.errors[0].value) == pytest.approx(apart, rel=1e-9)


def test_the_question_and_the_examples_are_those_of_the_prompt() -> None:
    network, batch = made("mamba"), prompts()
    effects = task_vector_effects(network, TASK, batch, query=4)
    with torch.no_grad():
        fractions = judged(TASK, network.predict(batch), batch, "network")
    assert float(effects.full.value) == pytest.approx(fractions[:, 4].mean(), rel=1e-9)
    rows = list(effects.records("run"))
    assert [row.about for row in rows] == ["block.0.state", "no examples", "all examples", *["block.0.state"] * 2]
    assert {row.shown for row in rows} == {4}
    with pytest.raises(UserError, match="nothing comes before"):
        task_vector_effects(network, TASK, batch, query=0)


def test_interventions_know_nothing_of_names_that_grow_with_tokens() -> None:
    network = made("attention")
    assert not [name for name in names(network) if ".state." in name]
    effects = task_vector_effects(network, TASK, prompts())
    assert np.isfinite(float(effects.errors[0].value))
