"""Prompts, token filter, judgements, draws: as the specification has them."""

import re

import pytest

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.language.asking import ask, possible_shots
from icl_lab.language.base import LANGUAGE_TASKS, LanguageTask, Pair
from icl_lab.language.draws import draw_sets, most_demonstrations, right_share
from icl_lab.language.filter import Usable, usable
from icl_lab.language.prompts import TEMPLATES, Template, read_template
from icl_lab.language.scoring import is_right
from icl_lab.language.spec import FewShot
from tests.unit.language.toys import ToyModel, ToyTokenizer

PAIRS = tuple(Pair(f"in{i}", (f"out{i}",)) for i in range(30))


def task(name: str) -> LanguageTask:
    return LANGUAGE_TASKS.get(name)()


def test_the_published_prompt_letter_by_letter() -> None:
    shown = [Pair("go", ("went",)), Pair("be", ("was", "were"))]
    template = Template()
    assert template.demonstrations(shown, spaced=True) + template.query("see", spaced=True) == (
        "example: go-> went\nexample: be-> was\nexample: see->"
    )
    assert template.query("c", spaced=False) == "example:c->"
    assert template.demonstrations([], spaced=True) == ""


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_ends_where_the_output_begins(name: str) -> None:
    template = TEMPLATES[name]
    query = template.query("see", spaced=True)
    assert template.demonstrations([Pair("see", ("saw",))], spaced=True) == f"{query} saw{template.separator}"
    assert not query.endswith(" ")


@pytest.mark.parametrize("line", ["{input}", "{output}{input}", "{input}{input}{output}", "{input}->{output}."])
def test_a_template_without_its_output_at_the_end_is_refused(line: str) -> None:
    with pytest.raises(UserError, match="expected a line with"):
        Template(line=line)


def test_a_template_of_ones_own() -> None:
    assert read_template("word {input} is {output}").query("x", spaced=True) == "word x is"


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


def test_judgements() -> None:
    paris = Pair("France", ("Paris",))
    assert is_right(" Par", paris, "prefix")
    assert is_right("Paris, which\nexample", paris, "prefix")
    assert is_right("P", paris, "prefix")  # lenient, as published
    assert not is_right("", paris, "prefix")
    assert not is_right("Rome", paris, "prefix")
    assert not is_right("P", paris, "prefix", whole=True)
    assert is_right("Paris\nexample", paris, "prefix", whole=True)
    went = Pair("go", ("went",))
    assert is_right(" went\n", went, "exact")
    assert not is_right("wen", went, "exact")
    begin = Pair("commencer", ("begin",))
    assert is_right(" start", begin, "synonyms")
    assert not is_right(" stone", begin, "synonyms")
    assert is_right("money", Pair("argent", ("silver", "money")), "exact")


def test_sets_never_show_what_they_ask_and_fewer_demonstrations_are_the_first_of_more() -> None:
    stream = Stream(3)
    for one in draw_sets(PAIRS, PAIRS, stream, 50, 5, "true"):
        assert not set(one.queries) & set(one.demonstrations)
        assert set(one.queries) | set(one.demonstrations) == set(PAIRS)
    sets = draw_sets(PAIRS, PAIRS, stream, 12, 5, "true")
    assert [len(one.queries) for one in sets] == [5, 5, 2]
    assert sets == draw_sets(PAIRS, PAIRS, Stream(3), 12, 5, "true")
    assert sets != draw_sets(PAIRS, PAIRS, Stream(4), 12, 5, "true")


def test_what_a_tokenizer_leaves_out_changes_nothing_else() -> None:
    kept = PAIRS[:20]
    (whole,) = draw_sets(PAIRS, PAIRS, Stream(0), 1, 1, "true")
    (part,) = draw_sets(PAIRS, kept, Stream(0), 1, 1, "true")
    order = [pair for pair in (*whole.queries, *whole.demonstrations) if pair in kept]
    assert [*part.queries, *part.demonstrations] == order


def test_shuffled_labels_are_all_anothers_and_random_ones_are_of_the_task() -> None:
    (true,) = draw_sets(PAIRS, PAIRS, Stream(0), 5, 5, "true")
    (shuffled,) = draw_sets(PAIRS, PAIRS, Stream(0), 5, 5, "shuffled")
    (random,) = draw_sets(PAIRS, PAIRS, Stream(0), 5, 5, "random")
    for other in (shuffled, random):
        assert other.queries == true.queries
        assert [pair.input for pair in other.demonstrations] == [pair.input for pair in true.demonstrations]
    pairs = list(zip(true.demonstrations, shuffled.demonstrations, strict=True))
    assert all(one.output != other.output for one, other in pairs)
    assert sorted(one.output for one, _ in pairs) == sorted(other.output for _, other in pairs)
    assert {pair.output for pair in random.demonstrations} <= {pair.output for pair in PAIRS}
    assert random.demonstrations != true.demonstrations


def test_a_prompt_shows_as_many_as_asked_and_ends_with_the_query() -> None:
    letters = task("next_letter")
    spec = FewShot(tasks=(letters,), shots=(0, 1, 4), num_queries=20)
    model = ToyModel(letters.pairs())
    found = usable(letters, model.tokenizer, spec.template)
    said = ask(model, letters, found, spec, labels="true", seed=0, shots=spec.shots)
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
    ask(model, letters, usable(letters, model.tokenizer, spec.template), spec, labels="true", seed=0, shots=(4, 1, 2))
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
    said = ask(model, capitals, found, spec, labels="true", seed=0, shots=(3,))
    assert all(answer.right and answer.said == answer.wanted for answer in said[3])


def test_counts_of_demonstrations_that_a_task_has_no_pairs_for_are_left_out() -> None:
    spec = FewShot(tasks=(task("next_letter"),), shots=(0, 16, 20, 24, 32), per_set=5)
    assert possible_shots(Usable(task("next_letter").pairs(), False, 25), spec) == (0, 16, 20)
    one = spec.replace(per_set=1)
    assert possible_shots(Usable(task("next_letter").pairs(), False, 25), one) == (0, 16, 20, 24)
    assert most_demonstrations(9, 5) == 8


def test_the_share_of_right_labels_is_that_of_a_closed_form() -> None:
    pairs = tuple(Pair(f"w{place}", ("x" if place % 2 else "y",)) for place in range(40))
    for labels, expected in (("true", 1.0), ("shuffled", 19 / 39), ("random", 0.5)):
        sets = draw_sets(pairs, pairs, Stream(0), 400, 1, labels)
        # 39 labels of each of 400 sets: a deviation of 0.004, or for each set 0.08 / 20, where all in it hang together.
        assert abs(right_share(sets, pairs, 39) - expected) < 0.02
    alone = tuple(Pair(f"w{place}", (f"x{place}",)) for place in range(9))
    assert right_share(draw_sets(alone, alone, Stream(0), 9, 1, "shuffled"), alone, 8) == 0
