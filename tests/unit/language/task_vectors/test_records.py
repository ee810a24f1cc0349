"""Records of task vectors, from counts made up so that every number is known."""

import pytest

from icl_lab.core.records import Record
from icl_lab.language.asking.plan import Plan
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.measures.crossfit import Counts
from icl_lab.language.measures.intervals import difference_of_counts, mean_of, measured
from icl_lab.language.spec import FewShot
from icl_lab.language.task_vectors.measured import Counted
from icl_lab.language.task_vectors.records import vector_records

LETTERS = LANGUAGE_TASKS.get("next_letter")()
CAPITALS = LANGUAGE_TASKS.get("country_capital")()
SPEC = FewShot(tasks=(LETTERS, CAPITALS))
PLAN = Plan("toy", {}, ())


def counts(*layers: tuple[int, ...], asked: int = 5) -> Counts:
    return {layer: [(right, asked) for right in rights] for layer, rights in enumerate(layers)}


def one(task, own: Counts, other: str, others: Counts | None) -> Counted:  # type: ignore[no-untyped-def]
    sets = len(own[0])
    plain = {0: [(0, 5)] * sets, 5: [(4, 5)] * sets}
    return Counted(task, plain, {"residual": own}, other, {"residual": others} if others else {})


# Letters: the first half (sets 0 and 2) is best in layer 1, the second in layer 2. Capitals: layer 2 in both.
BOTH = (
    one(LETTERS, counts((0, 0, 0, 0), (5, 1, 5, 2), (3, 4, 3, 4)), "country_capital",
        counts((0, 0, 0, 0), (0, 1, 0, 1), (2, 0, 2, 0))),
    one(CAPITALS, counts((0, 0, 0, 0), (2, 1, 2, 1), (5, 5, 5, 4)), "next_letter",
        counts((5, 5, 5, 5), (5, 5, 5, 5), (1, 0, 0, 0))),
)  # fmt: skip


def chosen(records: list[Record], metric: str, task: str) -> list[Record]:
    return [record for record in records if (record.metric, record.task) == (metric, task)]


def test_a_task_is_scored_in_the_layer_that_its_other_half_chose() -> None:
    records = vector_records(PLAN, SPEC, BOTH)
    (found,) = chosen(records, "task_vector_residual_crossfitted_mean", "next_letter")
    # Sets 0 and 2 in layer 2, sets 1 and 3 in layer 1: 3 + 1 + 3 + 2 of 20.
    wanted = measured([3, 1, 3, 2], [5] * 4)
    assert (found.value, found.num_prompts, found.shown, found.step) == (pytest.approx(9 / 20), 20, 5, None)
    assert (found.low, found.high) == pytest.approx(wanted.ends)
    halves = chosen(records, "task_vector_residual_crossfitted_half", "next_letter")
    assert [(half.about, half.step, half.value, half.num_prompts) for half in halves] == [
        ("half 1", 2, pytest.approx(0.6), 10),
        ("half 2", 1, pytest.approx(0.3), 10),
    ]


def test_the_control_is_read_in_the_layers_that_the_true_vector_chose() -> None:
    records = vector_records(PLAN, SPEC, BOTH)
    (found,) = chosen(records, "task_vector_residual_other_crossfitted_mean", "next_letter")
    assert (found.value, found.about) == (pytest.approx((2 + 1 + 2 + 1) / 20), "country_capital")
    (found,) = chosen(records, "task_vector_residual_other_crossfitted_mean", "country_capital")
    assert found.value == pytest.approx(1 / 20)  # its own best layers, 0 and 1, would have 1
    curve = chosen(records, "task_vector_residual_other_mean", "country_capital")
    assert [(record.step, record.value, record.about) for record in curve] == [
        (0, 1.0, "next_letter"), (1, 1.0, "next_letter"), (2, 0.05, "next_letter"),
    ]  # fmt: skip


def test_the_control_is_read_in_the_layers_that_do_best_with_it_too() -> None:
    records = vector_records(PLAN, SPEC, BOTH)
    # Of letters layer 2 is best in the first half (sets 0 and 2), layer 1 in the second: scored the other way round.
    (found,) = chosen(records, "task_vector_residual_other_best_mean", "next_letter")
    assert (found.value, found.about, found.num_prompts) == (pytest.approx(0 / 20), "country_capital", 20)
    (found,) = chosen(records, "task_vector_residual_other_best_mean", "country_capital")
    assert (found.value, found.about) == (1.0, "next_letter")
    # One layer for both: in the first half layers 0 and 1 are equal, in the second layer 1 has (0.2 + 1) / 2.
    (found,) = chosen(records, "all_task_vector_residual_other_best_mean", "all tasks")
    wanted = mean_of([measured([0, 0, 0, 0], [5] * 4), measured([5] * 4, [5] * 4)])
    assert (found.value, found.num_prompts) == (pytest.approx(wanted.value), 2)
    assert (found.low, found.high) == pytest.approx(wanted.ends)


def test_the_mean_falls_short_of_demonstrations_by_a_paired_difference() -> None:
    records = vector_records(PLAN, SPEC, BOTH)
    (found,) = chosen(records, "all_task_vector_residual_short_mean", "all tasks")
    own = ((3, 4, 3, 4), (5, 5, 5, 4))  # in layer 2
    parts = [difference_of_counts([(4, 5)] * 4, [(right, 5) for right in one]) for one in own]
    assert (found.value, found.num_prompts) == (pytest.approx((2 / 20 - 3 / 20) / 2), 2)
    assert (found.low, found.high) == pytest.approx(mean_of(parts).ends)
    assert chosen(records, "task_vector_residual_short_mean", "next_letter") == []


def test_one_layer_for_all_tasks_is_chosen_by_their_mean_on_the_other_half() -> None:
    records = vector_records(PLAN, SPEC, BOTH)
    halves = chosen(records, "all_task_vector_residual_crossfitted_half", "all tasks")
    # First half: layer 1 has (1 + 0.4) / 2, layer 2 (0.6 + 1) / 2: layer 2 everywhere.
    assert [(half.step, half.value, half.num_prompts) for half in halves] == [(2, 0.8, 2), (2, pytest.approx(0.85), 2)]
    (found,) = chosen(records, "all_task_vector_residual_crossfitted_mean", "all tasks")
    wanted = mean_of([measured([3, 4, 3, 4], [5] * 4), measured([5, 5, 5, 4], [5] * 4)])
    assert (found.value, found.num_prompts) == (pytest.approx(wanted.value), 2)
    assert (found.low, found.high) == pytest.approx(wanted.ends)
    (found,) = chosen(records, "all_task_vector_residual_other_crossfitted_mean", "all tasks")
    assert found.value == pytest.approx((0.2 + 0.05) / 2)
    plain = chosen(records, "all_task_vector_unpatched_mean", "all tasks")
    assert [(record.shown, record.value, record.num_prompts) for record in plain] == [(0, 0.0, 2), (5, 0.8, 2)]
    assert all(record.low is not None and record.high is not None for record in (*halves, *plain))


def test_categories_go_layer_by_layer_and_have_no_chosen_layer() -> None:
    metrics = {record.metric for record in vector_records(PLAN, SPEC, BOTH) if record.metric.startswith("category_")}
    assert metrics == {f"category_task_vector_{name}_mean" for name in ("residual", "residual_other", "unpatched")}


def test_a_task_with_a_single_set_chooses_no_layer_and_counts_in_no_mean() -> None:
    few = one(LETTERS, counts((1,), (5,)), "country_capital", counts((0,), (0,)))
    many = one(CAPITALS, counts((1, 1), (2, 2)), "next_letter", None)
    records = vector_records(PLAN, SPEC, [few, many])
    assert chosen(records, "task_vector_residual_crossfitted_mean", "next_letter") == []
    assert len(chosen(records, "task_vector_residual_mean", "next_letter")) == 2
    (found,) = chosen(records, "all_task_vector_residual_crossfitted_mean", "all tasks")
    assert (found.value, found.num_prompts) == (pytest.approx(0.4), 1)
    unlike = ("other_crossfitted_mean", "other_best_mean")  # not of every task
    assert not [record for record in records if record.metric.endswith(unlike)]
    alone = vector_records(PLAN, SPEC, [few])
    assert not [record for record in alone if "crossfitted" in record.metric or record.metric.startswith("all_")]
    assert vector_records(PLAN, SPEC, []) == []
