"""Records of answers: of tasks, categories, and the tasks that all numbers have."""

from pathlib import Path

from icl_lab.language.asking.plan import carry_out, plan
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.measures.summary import common_tasks, records_of
from icl_lab.language.spec import FewShot
from tests.unit.language.toys import ToyModel

LETTERS = LANGUAGE_TASKS.get("next_letter")()
CAPITALS = LANGUAGE_TASKS.get("country_capital")()
SPEC = FewShot(tasks=(LETTERS, CAPITALS), shots=(0, 1, 4), num_queries=20, labels=("true", "shuffled"))


def model() -> ToyModel:
    return ToyModel([*LETTERS.pairs(), *CAPITALS.pairs()])


def test_records_hold_the_accuracies_of_what_was_said(tmp_path: Path) -> None:
    asked = model()
    todo = plan(asked, SPEC, tmp_path)
    carry_out(todo, asked, SPEC, tmp_path)
    found = {(r.metric, r.task, r.shown, r.shift): r for r in records_of(todo, SPEC, tmp_path)}
    assert found["accuracy_mean", "next_letter", 4, ""].value == 1.0
    assert found["accuracy_mean", "next_letter", 0, ""].value == 0.0
    # With wrong labels it repeats the last one, which is no query's.
    assert found["accuracy_mean", "next_letter", 4, "shuffled"].value == 0.0
    assert found["all_accuracy_mean", "all tasks", 4, ""].num_prompts == 2
    assert found["category_accuracy_mean", "knowledge", 4, ""].value == 1.0
    assert found["best_constant", "next_letter", None, ""].value == 1 / 25
    assert found["copied_input", "next_letter", None, ""].value == 0.0
    assert ("accuracy_mean", "next_letter", 0, "shuffled") not in found


def test_a_task_with_too_few_pairs_leaves_the_common_ones(tmp_path: Path) -> None:
    spec = SPEC.replace(shots=(4, 32), labels=("true",))
    asked = model()
    todo = plan(asked, spec, tmp_path)
    carry_out(todo, asked, spec, tmp_path)
    assert common_tasks(spec, {"toy": todo}) == ("country_capital",)
    found = {(r.metric, r.shown): r for r in records_of(todo, spec, tmp_path)}
    assert found["all_accuracy_mean", 4].num_prompts == 2
    assert found["all_accuracy_mean", 32].num_prompts == 1
    assert found["common_accuracy_mean", 4].num_prompts == 1
