"""What a model is sent when it is asked a task."""

import re
from collections.abc import Iterable

from icl_lab.language.asking.one_task import Answer, ask, possible_shots
from icl_lab.language.base import LANGUAGE_TASKS, LanguageTask
from icl_lab.language.prompts.draws import most_demonstrations
from icl_lab.language.prompts.filter import Usable, usable
from icl_lab.language.spec import FewShot
from tests.unit.language.toys import ToyModel


def task(name: str) -> LanguageTask:
    return LANGUAGE_TASKS.get(name)()


def said_of(calls: Iterable[tuple[int, list[Answer]]]) -> dict[int, list[Answer]]:
    said: dict[int, list[Answer]] = {}
    for count, answers in calls:
        said.setdefault(count, []).extend(answers)
    return said


def test_a_prompt_shows_as_many_as_asked_and_ends_with_the_query() -> None:
    letters = task("next_letter")
    spec = FewShot(tasks=(letters,), shots=(0, 1, 4), num_queries=20)
    model = ToyModel(letters.pairs())
    found = usable(letters, model.tokenizer, spec.template)
    said = said_of(ask(model, letters, found, spec, labels="true", seed=0, shots=spec.shots))
    assert {prefix.count("->") for prefix, _ in model.calls} == {0, 1, 4}
    prompts = [prefix + one for prefix, rest in model.calls for one in rest]
    assert all(re.fullmatch(r"(example:\w->\w\n)*example:\w->", prompt) for prompt in prompts)
    # It answers with the last label below two demonstrations, and rightly from then on.
    assert [answer.right for answer in said[4]] == [True] * 20
    assert not any(answer.right for answer in said[0])
    # The same queries at every number of demonstrations: differences are paired.
    assert [(a.set, a.query) for a in said[0]] == [(a.set, a.query) for a in said[4]]


def test_text_before_queries_only_grows_within_a_set() -> None:
    letters = task("next_letter")
    spec = FewShot(tasks=(letters,), shots=(1, 2, 4), num_queries=10)
    model = ToyModel(letters.pairs())
    found = usable(letters, model.tokenizer, spec.template)
    said_of(ask(model, letters, found, spec, labels="true", seed=0, shots=(4, 1, 2)))
    prefixes = [prefix for prefix, _ in model.calls]
    assert len(prefixes) == 6
    for at in (0, 3):
        assert prefixes[at + 1].startswith(prefixes[at])
        assert prefixes[at + 2].startswith(prefixes[at + 1])


def test_whole_answers_are_generated() -> None:
    capitals = task("country_capital")
    spec = FewShot(tasks=(capitals,), shots=(3,), num_queries=5, answers="whole")
    model = ToyModel(capitals.pairs())
    found = usable(capitals, model.tokenizer, spec.template, whole_answers=True)
    said = said_of(ask(model, capitals, found, spec, labels="true", seed=0, shots=(3,)))
    assert all(answer.right and answer.said == answer.wanted for answer in said[3])


def test_counts_of_demonstrations_that_a_task_has_no_pairs_for_are_left_out() -> None:
    spec = FewShot(tasks=(task("next_letter"),), shots=(0, 16, 20, 24, 32), per_set=5)
    assert possible_shots(Usable(task("next_letter").pairs(), False, 25), spec) == (0, 16, 20)
    one = spec.replace(per_set=1)
    assert possible_shots(Usable(task("next_letter").pairs(), False, 25), one) == (0, 16, 20, 24)
    assert most_demonstrations(9, 5) == 8
