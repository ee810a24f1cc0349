"""Which questions task vectors are asked, and whose vector is the control."""

from dataclasses import replace
from pathlib import Path

from icl_lab.language.asking.plan import plan
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.spec import REPORTED, FewShot
from icl_lab.language.task_vectors.questions import another, measurable, shown_another, vector_questions
from tests.unit.language.toys import ToyModel

LETTERS, CAPITALS, RELIGION = (LANGUAGE_TASKS.get(name)() for name in ("next_letter", "country_capital", "religion"))
SPEC = FewShot(tasks=(LETTERS, CAPITALS), shots=(0, 5))


def test_a_question_shows_five_demonstrations_and_a_dummy_and_asks_without_any() -> None:
    model = ToyModel(LETTERS.pairs())
    usable = plan(model, SPEC, Path("nowhere")).usable["next_letter"]
    sets = vector_questions(LETTERS, usable, SPEC, 12)
    assert [len(one) for one in sets] == [5, 5, 2]
    known = {pair.input: pair.output for pair in LETTERS.pairs()}
    for questions in sets:
        (shown,) = {question.shown for question in questions}
        lines = shown.split("\n")
        assert len(lines) == 6
        assert all(line.endswith("->") == (line is lines[-1]) for line in lines)
        for question in questions:
            assert question.asked not in lines
            given = question.asked.removeprefix("example:").removesuffix("->")
            assert question.answer == known[given]
            assert not any(line.startswith(question.asked) for line in lines)


def test_another_task_is_shown_and_the_same_is_asked() -> None:
    usable = plan(ToyModel(LETTERS.pairs()), SPEC, Path("nowhere")).usable
    own, other = (vector_questions(task, usable[task.title], SPEC, n) for task, n in ((LETTERS, 15), (CAPITALS, 10)))
    mixed = shown_another(own, other)
    for number, (before, after) in enumerate(zip(own, mixed, strict=True)):
        assert {one.shown for one in after} == {other[number % 2][0].shown}  # two sets go round
        assert [(one.asked, one.answer, one.before) for one in after] == [
            (one.asked, one.answer, one.before) for one in before
        ]


def test_another_task_is_of_another_category_where_there_is_one() -> None:
    tasks = [LANGUAGE_TASKS.get(name)() for name in REPORTED]
    others = {task.title: another(task, tasks) for task in tasks}
    assert all(other is not None and other.group != task.group for task in tasks for other in [others[task.title]])
    # By category, in groups of six and four: everyone lends its vector once.
    assert len({other.title for other in others.values() if other}) == len(tasks)
    assert another(CAPITALS, [CAPITALS, RELIGION]) is RELIGION
    assert another(LETTERS, [LETTERS, CAPITALS, RELIGION]) is CAPITALS
    assert another(RELIGION, [LETTERS, CAPITALS, RELIGION]) is LETTERS
    assert another(CAPITALS, [CAPITALS, RELIGION, LETTERS]) is LETTERS  # religion is nearer, and knowledge too
    assert another(LETTERS, [LETTERS]) is None


def test_tasks_with_too_few_pairs_are_not_measured() -> None:
    todo = plan(ToyModel(LETTERS.pairs()), SPEC, Path("nowhere"))
    assert [task.title for task in measurable(todo, SPEC)] == ["next_letter", "country_capital"]
    short = todo.usable["country_capital"]
    todo.usable["country_capital"] = replace(short, pairs=short.pairs[:6])
    assert [task.title for task in measurable(todo, SPEC)] == ["next_letter"]
