"""Changes are measured query by query, from the fewest demonstrations to the most and from true labels to others."""

from pathlib import Path

from icl_lab.core.records import Record
from icl_lab.language.asking.plan import carry_out, plan
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.measures.summary import records_of
from icl_lab.language.spec import FewShot
from tests.unit.language.toys import ToyModel

TASKS = tuple(LANGUAGE_TASKS.get(name)() for name in ("next_letter", "country_capital", "religion"))
SPEC = FewShot(tasks=TASKS, shots=(0, 2, 4, 32), num_queries=20, labels=("true", "shuffled"), controlled=("knowledge",))


def records(folder: Path, spec: FewShot = SPEC, needed: int = 2) -> dict[tuple[str, str, int | None, str], Record]:
    model = ToyModel([pair for task in TASKS for pair in task.pairs()], needed=needed)
    todo = plan(model, spec, folder)
    carry_out(todo, model, spec, folder)
    return {(row.metric, row.task, row.shown, row.shift): row for row in records_of(todo, spec, folder)}


def test_a_rise_is_from_the_fewest_to_the_most_that_a_task_has(tmp_path: Path) -> None:
    found = records(tmp_path)
    rise = found["accuracy_rise", "next_letter", 4, ""]
    assert (rise.value, rise.step) == (1.0, 0)
    assert rise.low is not None
    assert 0.7 < rise.low < 1.0
    assert found["accuracy_rise", "country_capital", 32, ""].value == 1.0
    assert found["category_accuracy_rise", "knowledge", None, ""].num_prompts == 2
    assert found["category_accuracy_fewest", "knowledge", None, ""].value == 0.0


def test_a_fall_is_the_difference_of_the_accuracies_and_surer_than_they_are(tmp_path: Path) -> None:
    found = records(tmp_path)
    for task, shown in (("country_capital", 32), ("religion", 4)):
        fall = found["accuracy_fall", task, shown, "shuffled"]
        true = found["accuracy_mean", task, shown, ""].value
        wrong = found["accuracy_mean", task, shown, "shuffled"].value
        assert true is not None
        assert wrong is not None
        assert fall.value == true - wrong
    # It falls all the way that it rose.
    assert found["accuracy_fall_over_half", "country_capital", 32, "shuffled"].value == 0.5
    assert found["accuracy_fall", "country_capital", 32, "shuffled"].value == 1.0
    parts = [found["accuracy_fall", task, 32, "shuffled"].value or 0.0 for task in ("country_capital", "religion")]
    assert found["category_accuracy_fall", "knowledge", None, "shuffled"].value == sum(parts) / 2


def test_tasks_that_are_not_controlled_throughout_are_at_their_most(tmp_path: Path) -> None:
    found = records(tmp_path)
    shown = {
        count
        for metric, task, count, shift in found
        if (metric, task, shift) == ("accuracy_mean", "next_letter", "shuffled")
    }
    assert shown == {4}  # it has too few pairs for 32
    assert found["category_accuracy_fall", "algorithmic", None, "shuffled"].value == 1.0
    assert {
        count
        for metric, task, count, shift in found
        if (metric, task, shift) == ("accuracy_mean", "religion", "shuffled")
    } == {2, 4, 32}


def test_a_mean_under_a_control_is_over_the_tasks_of_that_with_true_labels(tmp_path: Path) -> None:
    found = records(tmp_path)
    assert found["all_accuracy_mean", "all tasks", 4, "shuffled"].num_prompts == 3
    assert ("all_accuracy_mean", "all tasks", 2, "") in found
    assert ("all_accuracy_mean", "all tasks", 2, "shuffled") not in found  # next_letter is not asked so


def test_one_number_of_demonstrations_is_no_rise(tmp_path: Path) -> None:
    found = records(tmp_path, SPEC.replace(shots=(4,), labels=("true",)))
    assert not [key for key in found if "rise" in key[0] or "fall" in key[0]]
