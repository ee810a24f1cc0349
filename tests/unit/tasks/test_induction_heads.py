"""Induction heads: different keys, one query among them, an answer that following the links finds."""

import pytest
import torch

from icl_lab.baselines.base import BASELINES
from icl_lab.baselines.lookup import Lookup
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.short_form import from_short
from icl_lab.core.streams import Stream
from icl_lab.tasks.induction_heads import InductionHeads
from icl_lab.tasks.linear_regression import LinearRegression

TASKS = [
    InductionHeads(),
    InductionHeads(fixed_query=True),
    InductionHeads(chain_depth=3),
    InductionHeads(chain_depth=2, fixed_query=True, symbols=33),
    InductionHeads(length=4, symbols=3, chain_depth=4),
    InductionHeads(length=9, symbols=12, chain_depth=3, broken_links=True),
]
every_task = pytest.mark.parametrize("task", TASKS, ids=InductionHeads.short)


def drawn(task: InductionHeads, batch: int = 200) -> PromptBatch:
    return task.sample(Stream(0, ("induction",)), 0, batch)


@every_task
def test_following_the_links_leads_to_the_answer(task: InductionHeads) -> None:
    for prompt, target in zip(*(part.tolist() for part in (drawn(task).tokens, drawn(task).targets)), strict=True):
        keys, values, query = prompt[:-1:2], prompt[1::2], prompt[-1]
        assert len(set(keys)) == len(keys) == task.num_pairs
        assert query in keys
        if task.fixed_query:
            assert query == 0
        links, symbol = dict(zip(keys, values, strict=True)), query
        for _ in range(task.chain_depth):
            symbol = links.get(symbol, values[0] if task.broken_links else None)
        assert symbol == target[-1]


@every_task
def test_only_the_last_is_scored_and_looking_it_up_is_right(task: InductionHeads) -> None:
    prompts = drawn(task)
    assert prompts.scored.sum(1).eq(1).all()
    assert prompts.scored[:, -1].all()
    assert prompts.queries[-1] == task.num_tokens - 1
    (lookup,) = (from_short(BASELINES, name) for name in task.baselines)
    assert task.error(lookup.predict(prompts), prompts)[prompts.scored].max() == 0


def test_keys_values_and_places_are_uniform() -> None:
    task = InductionHeads(length=5, symbols=8)
    tokens = drawn(task, batch=20_000).tokens
    keys, values, query = tokens[:, :-1:2], tokens[:, 1::2], tokens[:, -1]
    # Shares of 20,000 at most 1/4 stray by 0.0031; four times that and a little.
    for column in keys.unbind(1):
        assert torch.bincount(column, minlength=8).div(20_000).tolist() == pytest.approx([1 / 8] * 8, abs=0.012)
    for column in values.unbind(1):
        assert torch.bincount(column, minlength=8).div(20_000).tolist() == pytest.approx([0] + [1 / 7] * 7, abs=0.012)
    places = (keys == query[:, None]).double().mean(0)
    assert places.tolist() == pytest.approx([1 / 4] * 4, abs=0.014)


def test_a_fixed_query_stands_at_any_place_and_leaves_the_other_keys_uniform() -> None:
    task = InductionHeads(length=5, symbols=8, fixed_query=True)
    keys = drawn(task, batch=20_000).tokens[:, :-1:2]
    assert keys.eq(0).double().mean(0).tolist() == pytest.approx([1 / 4] * 4, abs=0.014)
    others = torch.bincount(keys[keys != 0], minlength=8) / (3 * 20_000)
    assert others.tolist() == pytest.approx([0] + [1 / 7] * 7, abs=0.01)


def test_links_of_a_chain_are_broken_only_on_request() -> None:
    for broken in (False, True):
        tokens = drawn(InductionHeads(chain_depth=2, broken_links=broken)).tokens
        keys, values = tokens[:, :-1:2], tokens[:, 1::2]
        assert (values[:, :, None] == keys[:, None]).any(2).all() != broken


def test_a_symbol_that_is_no_key_is_answered_by_chance() -> None:
    task = InductionHeads(length=3, symbols=5)
    tokens = torch.tensor([[1, 2, 3, 4, 0], [1, 2, 3, 4, 3]])
    prompts = PromptBatch(tokens, torch.tensor([0, 2, 4]), torch.tensor([[2, 4, 4]] * 2), torch.ones(2, 3).bool())
    errors = task.error(Lookup(symbols=5).predict(prompts), prompts)
    assert errors.tolist() == [pytest.approx([0.8, 0.8, 0.8]), pytest.approx([0.8, 0.8, 0])]
    assert Lookup(symbols=5).predict(prompts, shown=[2]).shape == (2, 1, 5)
    assert Lookup(symbols=5).predict(prompts, shown=[]).shape == (2, 0, 5)


def test_lookup_does_not_see_what_comes_after_the_query() -> None:
    prompts = drawn(InductionHeads())
    changed = prompts.tokens.clone()
    changed[:, 31:] = changed[:, 31:].flip(1)
    after = PromptBatch(changed, prompts.queries, prompts.targets, prompts.scored)
    assert torch.equal(Lookup().predict(after)[:, :16], Lookup().predict(prompts)[:, :16])


def test_wrong_sizes_and_prompts_are_refused() -> None:
    with pytest.raises(UserError, match=r"length: expected 2 to 9, as 8 symbols make as many different keys, got 10"):
        InductionHeads(length=10, symbols=8)
    with pytest.raises(UserError, match="lookup needs prompts of symbols; this task has vectors"):
        Lookup().predict(LinearRegression().sample(Stream(0), 0, 2))
