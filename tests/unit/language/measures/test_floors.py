"""What a task scores without being learned."""

import pytest

from icl_lab.language.asking.scoring import is_right
from icl_lab.language.base import LANGUAGE_TASKS, Judgement, Pair
from icl_lab.language.measures.floors import _right_answers, best_constant, copied_input


def test_a_first_letter_is_enough_where_a_prefix_is() -> None:
    pairs = LANGUAGE_TASKS.get("country_capital")().pairs()
    begin = [pair.output[0] for pair in pairs]
    most = max(begin.count(letter) for letter in set(begin)) / len(pairs)
    # No capital has a second name in our list that begins with that letter.
    assert most <= best_constant(pairs, "prefix") < most + 0.05
    assert most > 0.1
    # A whole answer has to be the whole name.
    assert best_constant(pairs, "prefix", whole=True) < 0.05


def test_one_word_may_stand_for_several_outputs_that_share_a_meaning_with_it() -> None:
    pairs = [Pair("a", ("begin",)), Pair("b", ("start",)), Pair("c", ("tree",))]
    assert best_constant(pairs, "exact") == 1 / 3
    assert best_constant(pairs, "synonyms") == 2 / 3


@pytest.mark.parametrize(("name", "judgement"), [("french_english", "synonyms"), ("person_language", "prefix")])
def test_no_word_of_the_lists_scores_more(name: str, judgement: Judgement) -> None:
    pairs = LANGUAGE_TASKS.get(name)().pairs()[:40]
    words = {word for pair in pairs for output in pair.outputs for word in (pair.input, output, output[:1], output[:2])}
    scores = [sum(is_right(word, pair, judgement) for pair in pairs) / len(pairs) for word in words]
    assert best_constant(pairs, judgement) >= max(scores)
    for pair in pairs:
        assert all(is_right(said, pair, judgement) for said in _right_answers(pair, judgement))


def test_any_output_of_a_pair_will_do() -> None:
    pairs = [Pair("a", ("x", "z")), Pair("b", ("y", "z")), Pair("z", ("w", "z"))]
    assert best_constant(pairs, "exact") == 1.0
    assert copied_input(pairs, "exact") == 1 / 3


def test_words_that_two_languages_share_are_right_when_copied() -> None:
    pairs = LANGUAGE_TASKS.get("english_french")().pairs()
    alike = sum(pair.input in pair.outputs for pair in pairs) / len(pairs)
    assert 0 < copied_input(pairs, "exact") == alike < 0.3
    assert copied_input(LANGUAGE_TASKS.get("next_letter")().pairs(), "exact") == 0.0
