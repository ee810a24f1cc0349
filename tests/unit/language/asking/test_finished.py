"""Of a stopped evaluation, what is whole."""

from pathlib import Path

import pytest

from icl_lab.language.asking.finished import finished, missing, named, restricted
from icl_lab.language.asking.plan import carry_out, plan
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.measures.summary import records_of
from icl_lab.language.spec import FewShot
from tests.unit.language.toys import ToyModel

TASKS = tuple(LANGUAGE_TASKS.get(name)() for name in ("next_letter", "country_capital", "religion"))
SPEC = FewShot(tasks=TASKS, shots=(0, 2), num_queries=10, labels=("true", "shuffled"), controlled=("knowledge",))
EACH = 3  # calls: one without demonstrations, two sets with two
CONTROL = 2
ALL = "next_letter, country_capital, religion"


class Stopping(ToyModel):
    def __init__(self, stop: int) -> None:
        super().__init__([pair for task in TASKS for pair in task.pairs()])
        self._stop = stop

    def next_tokens(self, prompts, *, prefix=""):  # type: ignore[no-untyped-def]
        if len(self.calls) == self._stop:
            raise KeyboardInterrupt
        return super().next_tokens(prompts, prefix=prefix)


@pytest.mark.parametrize(
    ("calls", "gaps", "tasks", "labels"),
    [
        (0, f"{ALL}; with shuffled labels {ALL}", (), ()),
        (2, f"{ALL}; with shuffled labels {ALL}", (), ()),
        (4, f"country_capital, religion; with shuffled labels {ALL}", ("next_letter",), ("true",)),
        # A control that only some of the finished tasks have been under is left out.
        (
            3 * EACH + CONTROL,
            "with shuffled labels country_capital, religion",
            tuple(task.title for task in TASKS),
            ("true",),
        ),
        (3 * EACH + 3 * CONTROL, "", tuple(task.title for task in TASKS), ("true", "shuffled")),
    ],
)
def test_what_is_whole_is_summed_up_and_the_rest_named(
    tmp_path: Path, calls: int, gaps: str, tasks: tuple[str, ...], labels: tuple[str, ...]
) -> None:
    model = Stopping(calls)
    todo = plan(model, SPEC, tmp_path)
    if gaps:
        with pytest.raises(KeyboardInterrupt):
            carry_out(todo, model, SPEC, tmp_path)
    else:
        carry_out(todo, model, SPEC, tmp_path)
    assert named(missing(todo, SPEC, tmp_path)) == gaps
    done = finished(todo, SPEC, tmp_path)
    kept = restricted(SPEC, {"toy": done})
    if not tasks:
        assert kept is None
        return
    assert kept is not None
    assert tuple(task.title for task in kept.tasks) == tasks
    assert kept.labels == labels
    records = records_of(done, kept, tmp_path)
    assert {one.task for one in records if one.metric == "accuracy"} == set(tasks)
    assert {one.shift for one in records} == {"", *labels} - {"true"}
    assert {one.num_prompts for one in records if one.metric == "common_accuracy_mean"} <= {len(tasks), 2}


def test_of_two_models_each_is_summed_up_as_far_as_it_goes(tmp_path: Path) -> None:
    first, second = Stopping(1000), Stopping(EACH + 1)
    second.name = "second"
    plans = {one.name: plan(one, SPEC, tmp_path) for one in (first, second)}
    carry_out(plans["toy"], first, SPEC, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        carry_out(plans["second"], second, SPEC, tmp_path)
    done = {name: finished(one, SPEC, tmp_path) for name, one in plans.items()}
    kept = restricted(SPEC, done)
    assert kept == SPEC
    found = {(one.metric, one.task, one.shown, one.shift) for one in records_of(done["second"], kept, tmp_path)}
    assert ("accuracy_mean", "next_letter", 2, "") in found
    assert not [key for key in found if key[3] or (key[0] == "accuracy_mean" and key[1] != "next_letter")]
    # Every number of the first model, as if it had been asked alone.
    alone = records_of(plans["toy"], SPEC, tmp_path)
    assert records_of(done["toy"], kept, tmp_path) == alone
