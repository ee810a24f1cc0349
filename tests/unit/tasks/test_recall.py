"""Recall tasks: one matching key a query, its value as the answer, nothing else in the prompt that gives it away."""

import math

import numpy as np
import pytest
import torch

from icl_lab.baselines.nearest_neighbours import NearestNeighbours
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import Examples, PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.evaluation.curves import zeros
from icl_lab.evaluation.references import baseline_for
from icl_lab.tasks.families.recall import Recall
from icl_lab.tasks.induction_heads import InductionHeads
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.parts.layout import interleave
from icl_lab.tasks.parts.objectives import SquaredError
from icl_lab.tasks.shifts.noisy_query import NoisyQuery
from icl_lab.tasks.shifts.query_position import QueryPosition
from icl_lab.tasks.vector_mqar import VectorMqar
from icl_lab.tasks.vector_retrieval import VectorRetrieval

STREAM = Stream(0, ("recall",))
# float32 rounding of unit-sized numbers, with room for sums of twenty.
FLOAT32 = 1e-5

TASKS = [
    VectorMqar(),
    VectorMqar(num_queries=4),
    VectorMqar(num_queries=16, filler="random"),
    VectorMqar(length=40, num_pairs=7, dim=3, radius=1.0, filler="random", slot_power=1.0),
    VectorRetrieval(),
    VectorRetrieval(length=9, dim=3, radius=1.0),
]
every_task = pytest.mark.parametrize("task", TASKS, ids=Recall.short)


def drawn(task: Recall, batch: int = 50, step: int = 0) -> PromptBatch:
    return task.sample(STREAM, step, batch)


def stored(task: Recall, prompts: PromptBatch) -> tuple[torch.Tensor, torch.Tensor]:
    """Keys and values, as the tokens show them."""
    return prompts.tokens[:, 0 : 2 * task.num_stored : 2], prompts.tokens[:, 1 : 2 * task.num_stored : 2]


def matches(task: Recall, prompts: PromptBatch) -> torch.Tensor:
    """Which key the token of each prediction is a copy of, `(batch, length, num_stored)`."""
    keys, _ = stored(task, prompts)
    return (prompts.tokens[:, prompts.queries][:, :, None] == keys[:, None]).all(-1)


@every_task
def test_every_query_has_one_matching_key_and_its_value_as_answer(task: Recall) -> None:
    prompts = drawn(task)
    _, values = stored(task, prompts)
    same = matches(task, prompts)[prompts.scored]
    assert same.sum(1).eq(1).all()
    prompt = prompts.scored.nonzero()[:, 0]
    assert torch.equal(prompts.targets[prompts.scored], values[prompt, same.int().argmax(1)])


@every_task
def test_no_key_is_asked_about_twice_and_all_of_them_are_at_times(task: Recall) -> None:
    prompts = drawn(task, batch=400)
    asked = (matches(task, prompts) & prompts.scored[..., None]).sum(1)
    assert asked.max() == 1
    queries = prompts.scored.sum(1)
    assert queries.min() == queries.max() == (task.num_asked if isinstance(task, VectorMqar) else 1)
    share = queries[0].item() / task.num_stored
    # A share of 400 prompts strays by sqrt(share (1 - share) / 400); five times that, for up to 64 keys.
    assert (asked.double().mean(0) - share).abs().max() <= 5 * math.sqrt(share * (1 - share) / 400)


@every_task
def test_keys_values_and_queries_are_on_the_sphere_in_all_directions(task: Recall) -> None:
    prompts = drawn(task, batch=400)
    radius = task.length_of_vectors
    for vectors in (*stored(task, prompts), prompts.tokens[:, prompts.queries][prompts.scored]):
        vectors = vectors.flatten(0, -2).double()
        assert (vectors.norm(dim=-1) / radius - 1).abs().max() < FLOAT32
        moments = vectors.T @ vectors / len(vectors) * task.dim / radius**2
        # Entries stray by at most sqrt(2 / 400); five times that.
        assert (moments - torch.eye(task.dim)).abs().max() < 5 * math.sqrt(2 / 400)
        assert vectors.mean(0).abs().max() < 5 * radius / math.sqrt(400 * task.dim)
    # A value says nothing of its key: inner products of 400 stray by radius^2 / sqrt(400 dim); five times that.
    keys, values = stored(task, prompts)
    assert (keys * values).sum(-1).mean(0).abs().max() < 5 * radius**2 / math.sqrt(400 * task.dim)


@pytest.mark.parametrize("filler", ["zeros", "random"])
def test_filler_is_neither_a_key_nor_an_answer(filler: str) -> None:
    task = VectorMqar(num_queries=4, filler=filler)
    prompts = drawn(task, batch=100)
    keys, values = stored(task, prompts)
    rest = prompts.tokens[:, 2 * task.num_stored :]
    is_query = torch.zeros(100, rest.shape[1], dtype=torch.bool)
    is_query[:, ::2] = prompts.scored[:, task.num_stored :]
    fill = rest[~is_query].view(100, -1, task.dim)
    assert fill.shape[1] == 64 - 4
    assert not (fill[:, :, None] == torch.cat([keys, values], dim=1)[:, None]).all(-1).any()
    if filler == "zeros":
        assert fill.abs().max() == 0
    else:
        assert (fill.double().norm(dim=-1) / math.sqrt(20) - 1).abs().max() < FLOAT32
        assert len(fill.flatten(0, 1).unique(dim=0)) == 100 * 60


def test_what_follows_a_query_is_what_the_baselines_see_as_its_label() -> None:
    prompts = drawn(VectorMqar(num_queries=16))
    assert prompts.examples is not None
    assert torch.equal(prompts.examples.xs, prompts.tokens[:, ::2])
    assert torch.equal(prompts.examples.ys, prompts.tokens[:, 1::2])
    assert prompts.examples.ys[prompts.scored].abs().max() == 0
    assert prompts.targets[prompts.scored].abs().max() > 0


def test_early_slots_are_asked_as_often_as_drawing_one_by_one_asks_them() -> None:
    task = VectorMqar(length=10, num_pairs=5, num_queries=2, dim=2)
    shares = drawn(task, batch=20_000).scored[:, 5:].double().mean(0).numpy()
    weights = np.arange(1, 6) ** -0.99
    first = weights / weights.sum()
    # The second is drawn from what the first left.
    second = np.array(
        [sum(first[j] * weights[g] / (weights.sum() - weights[j]) for j in range(5) if j != g) for g in range(5)]
    )
    # A share of 20,000 strays by at most 0.0035; four times that.
    assert shares == pytest.approx(first + second, abs=0.014)
    even = drawn(task.replace(slot_power=1.0), batch=20_000).scored[:, 5:].double().mean(0).numpy()
    assert even == pytest.approx([0.4] * 5, abs=0.014)


def test_which_key_is_asked_about_does_not_depend_on_the_slot() -> None:
    task = VectorMqar(length=8, num_queries=4, dim=2)
    prompts = drawn(task, batch=10_000)
    table = matches(task, prompts)[:, 4:].double().mean(0)
    # Shares of 10,000 stray by 0.0043; four times that and a little for 16 of them.
    assert (table - 0.25).abs().max() < 0.02


@every_task
def test_the_nearest_key_has_the_answer_in_any_order_of_the_pairs(task: Recall) -> None:
    prompts = drawn(task, batch=8)
    assert prompts.examples is not None
    nearest = NearestNeighbours(neighbours=1)
    assert task.error(nearest.predict(prompts), prompts)[prompts.scored].max() == 0
    order = torch.arange(task.length)
    order[: task.num_stored] = order[: task.num_stored].flip(0)
    xs, ys = prompts.examples.xs[:, order], prompts.examples.ys[:, order]
    again = interleave(Examples(xs, ys, num_stored=task.num_stored), targets=prompts.targets, scored=prompts.scored)
    assert task.error(nearest.predict(again), again)[again.scored].max() == 0


@pytest.mark.parametrize("task", [VectorRetrieval(length=17), VectorMqar(num_queries=8)], ids=Recall.short)
def test_a_noisy_query_is_answered_by_its_nearest_key(task: Recall) -> None:
    prompts, noisy = drawn(task), drawn(NoisyQuery(std=0.7).shifted(task))
    keys, values = stored(task, noisy)
    assert torch.equal(keys, stored(task, prompts)[0])
    queries = noisy.tokens[:, noisy.queries]
    distances = torch.cdist(queries, keys, compute_mode="donot_use_mm_for_euclid_dist")
    nearest = distances.argmin(2, keepdim=True).expand(-1, -1, task.dim)
    assert torch.equal(noisy.targets[noisy.scored], values.gather(1, nearest)[noisy.scored])
    before, after = (p.tokens[:, p.queries][p.scored].double() for p in (prompts, noisy))
    assert (after.norm(dim=1) / math.sqrt(20) - 1).abs().max() < FLOAT32
    # cos(q, k) of q = k + noise is sqrt(1 / (1 + 0.49)) on average, up to terms of order 1/dim.
    cosine = (before * after).sum(1) / 20
    assert cosine.mean().item() == pytest.approx(math.sqrt(1 / 1.49), abs=0.03)
    error = task.error(NearestNeighbours(neighbours=1).predict(noisy), noisy)
    assert error[noisy.scored].max() == 0


@pytest.mark.parametrize("std", [0.0, 0.1, 0.7, 2.0, 5.0])
@every_task
def test_the_default_baseline_finds_the_answer_at_any_noise(task: Recall, std: float) -> None:
    noisy = NoisyQuery(std=std).shifted(task)
    prompts = drawn(noisy, batch=128)
    (text,) = noisy.baselines
    error = noisy.error(baseline_for(noisy, text).predict(prompts), prompts)
    # By definition: the answer is the value of the nearest stored key, whatever filler and other queries are nearer.
    assert error[prompts.scored].max() == 0
    longer = noisy.replace(length=2 * task.length)
    prompts = drawn(longer, batch=32)
    # What was chosen for the prompts of training serves on longer ones, which store more.
    assert longer.error(baseline_for(noisy, text).predict(prompts), prompts)[prompts.scored].max() == 0


def test_one_pair_is_asked_about_in_all_prompts() -> None:
    for pair in (0, 5, 63):
        task = QueryPosition(pair=pair).shifted(VectorRetrieval())
        prompts = drawn(task)
        assert torch.equal(prompts.tokens[:, -1], prompts.tokens[:, 2 * pair])
        assert torch.equal(prompts.targets[:, -1], prompts.tokens[:, 2 * pair + 1])
    with pytest.raises(UserError, match=r"asked_pair: expected at most 63, the last of 64 pairs, got 64"):
        QueryPosition(pair=64).shifted(VectorRetrieval())


def test_off_by_one_queries_match_no_key_in_one_prompt_of_n_plus_one() -> None:
    task = VectorRetrieval(length=5, dim=4, off_by_one=True)
    prompts = drawn(task, batch=4000)
    known = matches(task, prompts)[:, -1].any(1)
    # A share of 4,000 at 1/5 strays by 0.0063; four times that.
    assert 1 - known.double().mean().item() == pytest.approx(1 / 5, abs=0.025)
    keys, values = stored(task, prompts)
    best = (keys.double() @ prompts.tokens[:, -1, :, None].double())[..., 0].argmax(1)
    assert torch.equal(prompts.targets[:, -1], values[torch.arange(4000), best])
    assert matches(task, drawn(task.replace(off_by_one=False), batch=4000))[:, -1].any(1).all()


@pytest.mark.parametrize("task", [VectorRetrieval(length=9), VectorMqar(num_queries=4)], ids=Recall.short)
@pytest.mark.parametrize("reported", ["nearest_value", "nearest_key"])
def test_rankings_count_answers_that_are_nearer_to_another_vector(task: Recall, reported: str) -> None:
    ranked = task.replace(reported=reported)
    prompts = drawn(task)
    keys, values = stored(task, prompts)
    among = values if reported == "nearest_value" else keys
    # Halfway to the truth from a random answer: some are still nearest to the right one.
    answers = 0.5 * prompts.targets.double() + 0.6 * prompts.targets.double().roll(1, 0)
    for b, i in prompts.scored.nonzero().tolist()[:60]:
        right = int((among[b].double() @ prompts.targets[b, i].double()).argmax())
        said = int((among[b].double() @ answers[b, i]).argmax())
        assert ranked.error(answers, prompts)[b, i] == float(said != right)
    assert 0 < ranked.error(answers, prompts).nanmean() < 1
    assert ranked.objective.loss(answers, prompts) == SquaredError().loss(answers, prompts)
    chance = ranked.error(zeros(ranked, prompts), prompts)[prompts.scored]
    assert chance.unique().tolist() == [1 - 1 / task.num_stored]
    assert ranked.objective.complement == "accuracy"


def test_ranking_by_keys_may_call_another_value_right() -> None:
    # The quirk of the released ranking: an answer may be a wrong value and yet agree on the nearest key.
    task = VectorRetrieval(length=9, dim=2, reported="nearest_key")
    prompts = drawn(task)
    _, values = stored(task, prompts)
    wrong = values.roll(1, 1)[:, :1].expand(-1, 9, -1).double()
    other = (wrong[:, -1] - prompts.targets[:, -1]).abs().amax(1) > 1e-3
    assert (task.error(wrong, prompts)[other, -1] == 0).any()
    assert (task.replace(reported="nearest_value").error(wrong, prompts)[other, -1] == 1).all()


def test_published_sizes() -> None:
    mqar, retrieval = VectorMqar(), VectorRetrieval()
    assert (mqar.num_tokens, mqar.num_stored, mqar.num_asked, mqar.d_output) == (128, 32, 32, 20)
    assert (retrieval.num_tokens, retrieval.num_stored) == (129, 64)
    assert mqar.zero_error == pytest.approx(1)
    assert mqar.replace(radius=1.0).zero_error == pytest.approx(0.05)
    longer = mqar.replace(length=128)
    assert (longer.num_stored, longer.num_asked) == (64, 64)


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(UserError, match="expected slots for pairs and for queries, got 8 slots with 8 pairs"):
        VectorMqar(length=8, num_pairs=8)
    with pytest.raises(UserError, match=r"num_queries: expected at most 3, .*, got 4"):
        VectorMqar(length=8, num_pairs=3, num_queries=4)
    with pytest.raises(UserError, match=r"length: expected at least 2, a pair and the query, got 1"):
        VectorRetrieval(length=1)
    for shift, other in (
        (NoisyQuery(), LinearRegression()),
        (QueryPosition(), VectorMqar()),
        (NoisyQuery(), InductionHeads()),
    ):
        with pytest.raises(UserError, match="the shift .* needs"):
            shift.shifted(other)
