"""Which pairs a tokenizer allows, and whether text has spaces: as the specification has it."""

from icl_lab.language.base import LANGUAGE_TASKS, LanguageTask
from icl_lab.language.prompts.filter import usable
from icl_lab.language.prompts.templates import Template
from tests.unit.language.toys import ToyTokenizer


def task(name: str) -> LanguageTask:
    return LANGUAGE_TASKS.get(name)()


def test_the_filter_keeps_single_tokens_and_prefers_spaces() -> None:
    # Words up to five letters are tokens: "going" is one, "walking" is not.
    found = usable(task("present_gerund"), ToyTokenizer(longest=5), Template())
    assert found.spaced
    assert {pair.output for pair in found.pairs} >= {"going", "dying"}
    assert all(len(pair.output) <= 5 for pair in found.pairs)
    assert found.listed == 420


def test_without_tokens_that_hold_a_space_nothing_is_spaced() -> None:
    found = usable(task("present_gerund"), ToyTokenizer(longest=5, joins_spaces=False), Template())
    assert not found.spaced
    assert found.pairs


def test_knowledge_and_letters_are_asked_whole_and_without_spaces() -> None:
    for name in ("country_capital", "next_letter"):
        found = usable(task(name), ToyTokenizer(longest=1), Template())
        assert not found.spaced
        assert len(found.pairs) == found.listed


def test_whole_answers_need_no_filter() -> None:
    found = usable(task("present_gerund"), ToyTokenizer(longest=1), Template(), whole_answers=True)
    assert len(found.pairs) == found.listed
