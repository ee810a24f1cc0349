"""Which questions task vectors are asked, and whose vector is the control."""

import re
from dataclasses import replace
from pathlib import Path

from icl_lab.language.asking.plan import plan
from icl_lab.language.base import LANGUAGE_TASKS, LanguageTask
from icl_lab.language.prompts.filter import Usable
from icl_lab.language.spec import REPORTED, FewShot
from icl_lab.language.task_vectors.questions import another, measurable, shown_another, vector_questions
from tests.unit.language.toys import ToyModel, ToyTokenizer

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


class Mixed(ToyTokenizer):
    """Joins a space with longer words in small letters alone: words with a capital and single letters have none."""

    def encode(self, text: str) -> list[int]:
        return [self._id(part) for part in re.findall(r" ?[a-z]{2,}|\w+|\s|[^\w\s]", text)]


def formats(*spaced: LanguageTask) -> dict[str, Usable]:
    return {task.title: Usable((), task in spaced, 0) for task in (LETTERS, CAPITALS, RELIGION)}


def test_another_task_is_of_the_same_format_and_of_another_category() -> None:
    tasks = tuple(LANGUAGE_TASKS.get(name)() for name in REPORTED)
    model = ToyModel(LETTERS.pairs())
    model.tokenizer = Mixed()
    todo = plan(model, SPEC.replace(tasks=tasks), Path("nowhere"))
    able = measurable(todo, SPEC.replace(tasks=tasks))
    spaced = {task.title: todo.usable[task.title].spaced for task in able}
    assert len(able) == 18
    assert set(spaced.values()) == {True, False}
    for task in able:
        other = another(task, able, todo.usable)
        assert other is not None
        assert other.title != task.title
        assert spaced[other.title] == spaced[task.title]
        elsewhere = [one for one in able if one.group != task.group and spaced[one.title] == spaced[task.title]]
        assert (other.group != task.group) == bool(elsewhere)
        assert other is another(task, able, todo.usable)


def test_another_task_is_the_next_of_another_category_where_there_is_one() -> None:
    same = formats()
    assert another(CAPITALS, [CAPITALS, RELIGION], same) is RELIGION
    assert another(LETTERS, [LETTERS, CAPITALS, RELIGION], same) is CAPITALS
    assert another(RELIGION, [LETTERS, CAPITALS, RELIGION], same) is LETTERS
    assert another(CAPITALS, [CAPITALS, RELIGION, LETTERS], same) is LETTERS  # religion is nearer, and knowledge too
    assert another(LETTERS, [LETTERS], same) is None


def test_a_task_of_another_format_is_no_control() -> None:
    tasks = [LETTERS, CAPITALS, RELIGION]
    assert [another(task, tasks, formats(LETTERS)) for task in tasks] == [None, RELIGION, CAPITALS]
    assert [another(task, tasks, formats(CAPITALS)) for task in tasks] == [RELIGION, None, LETTERS]
    assert [another(task, tasks[:2], formats(LETTERS)) for task in tasks[:2]] == [None, None]


def test_tasks_with_too_few_pairs_are_not_measured() -> None:
    todo = plan(ToyModel(LETTERS.pairs()), SPEC, Path("nowhere"))
    assert [task.title for task in measurable(todo, SPEC)] == ["next_letter", "country_capital"]
    short = todo.usable["country_capital"]
    todo.usable["country_capital"] = replace(short, pairs=short.pairs[:6])
    assert [task.title for task in measurable(todo, SPEC)] == ["next_letter"]
