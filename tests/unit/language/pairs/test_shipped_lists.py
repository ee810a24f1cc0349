"""The lists that ship are what they say: unique, clean, long enough, with a source and a licence, right in spots."""

import csv
import unicodedata
from collections import Counter
from importlib.resources import files

import pytest

from icl_lab.language.asking.scoring import JUDGEMENTS, is_right
from icl_lab.language.base import CATEGORIES, LANGUAGE_TASKS
from icl_lab.language.pairs.listed import ListedTask
from icl_lab.language.spec import REPORTED
from icl_lab.published.language import published_accuracies, published_means

DATA = files("icl_lab.language") / "data"
NAMES = [name for name in LANGUAGE_TASKS.names() if name != "csv_file"]
LISTS = [name for name in NAMES if issubclass(LANGUAGE_TASKS.get(name), ListedTask)]
LETTERS = {
    "next_letter": 25,
    "previous_letter": 25,
    "to_upper": 26,
    "to_lower": 26,
    "letter_number": 9,
    "number_letter": 9,
}


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((DATA / name).read_text(encoding="utf-8").splitlines()))


def test_there_are_the_27_tasks_of_the_framework_and_the_18_reported() -> None:
    published = {LANGUAGE_TASKS.get(name).published for name in NAMES}
    assert len(NAMES) == len(published) == 27
    assert len(set(REPORTED)) == 18
    assert set(REPORTED) == {one.task for one in published_accuracies()}


@pytest.mark.parametrize("name", NAMES)
def test_a_task_has_unique_inputs_clean_text_and_enough_pairs(name: str) -> None:
    task = LANGUAGE_TASKS.get(name)()
    pairs = task.pairs()
    assert len({pair.input for pair in pairs}) == len(pairs) == LETTERS.get(name, len(pairs))
    assert len(pairs) >= 100 or name in LETTERS
    assert task.category in CATEGORIES
    assert task.judged in JUDGEMENTS
    assert task.pairs() == pairs
    for pair in pairs:
        for text in (pair.input, *pair.outputs):
            assert text == text.strip() == unicodedata.normalize("NFC", text) != ""
            assert text.isprintable()
            assert not set(text) & set('|"->\n') or "-" in text and "->" not in text
        assert len(set(pair.outputs)) == len(pair.outputs)


@pytest.mark.parametrize("name", LISTS)
def test_words_are_single_words_where_a_token_is_asked(name: str) -> None:
    task = LANGUAGE_TASKS.get(name)()
    assert not task.single_token or not [pair for pair in task.pairs() if " " in pair.output]


def test_every_file_has_a_source_a_licence_and_a_maker() -> None:
    listed = {row["file"]: row for row in rows("provenance.csv")}
    shipped = {path.name for path in DATA.iterdir() if path.name.endswith(".csv")} - {"provenance.csv"}
    assert set(listed) == shipped
    assert all(row["source"].strip() and row["licence"].strip() and row["made by"].strip() for row in listed.values())
    assert not [row for row in listed.values() if "GPL" in row["licence"]]
    notices = (DATA / "LICENCES.txt").read_text(encoding="utf-8")
    assert all(word in notices for word in ("Princeton University", "GeoNames", "CC BY 4.0", "Permission is hereby"))


FACTS = {
    "country_capital": ("France->Paris Japan->Tokyo Australia->Canberra Canada->Ottawa Kazakhstan->Astana Egypt->Cairo "
                        "Brazil->Brasilia Kenya->Nairobi Poland->Warsaw Iceland->Reykjavik"),
    "location_continent": "Nairobi->Africa Tokyo->Asia Berlin->Europe Suva->Oceania Chicago->North|America Lima->",
    "person_language": "Voltaire->French Plato->Greek Cicero->Latin Confucius->Chinese Avicenna->Arabic",
    "religion": "Mecca->Muslim Lumbini->Buddhist Varanasi->Hindu Maimonides->Jewish Lourdes->Christian",
    "present_gerund": "go->going make->making run->running lie->lying die->dying begin->beginning",
    "present_past": "go->went take->took begin->began find->found buy->bought cut->cut stop->stopped try->tried",
    "present_participle": "go->gone take->taken write->written sing->sung see->seen",
    "singular_plural": "mouse->mice child->children city->cities box->boxes analysis->analyses",
    "plural_singular": "mice->mouse children->child wolves->wolf",
    "antonyms": "hot->cold high->low poor->rich begin->end",
    "french_english": "eau->water chien->dog manger->eat rouge->red",
    "english_french": "water->eau dog->chien house->maison",
    "spanish_english": "perro->dog ser->be leche->milk",
    "english_spanish": "dog->perro milk->leche",
    "italian_english": "cane->dog latte->milk",
    "english_italian": "dog->cane milk->latte",
    "next_letter": "a->b y->z",
    "previous_letter": "b->a z->y",
    "to_upper": "q->Q",
    "letter_number": "c->3",
}  # fmt: skip


@pytest.mark.parametrize("name", FACTS)
def test_spot_facts(name: str) -> None:
    known = {pair.input: pair.outputs for pair in LANGUAGE_TASKS.get(name)().pairs()}
    for fact in FACTS[name].split():
        given, _, output = fact.replace("|", " ").partition("->")
        assert not output or output in known[given]


@pytest.mark.parametrize("name", ["english_french", "english_spanish", "english_italian"])
def test_an_input_that_is_copied_into_another_language_is_not_right(name: str) -> None:
    task = LANGUAGE_TASKS.get(name)()
    copied = [pair for pair in task.pairs() if is_right(pair.input, pair, task.judged)]
    # Some words are the same in both languages, and stand so in the list.
    assert all(pair.input in pair.outputs for pair in copied)
    assert len(copied) < 0.1 * len(task.pairs())


def test_other_right_forms_stand_beside_the_shown_one() -> None:
    known = {pair.input: pair.outputs for pair in LANGUAGE_TASKS.get("present_past")().pairs()}
    assert known["fit"] == ("fit", "fitted")


def test_an_input_with_several_translations_has_them_all() -> None:
    known = {pair.input: pair.outputs for pair in LANGUAGE_TASKS.get("french_english")().pairs()}
    assert {"silver", "money"} <= set(known["argent"])


@pytest.mark.parametrize("name", ["person_language", "religion", "location_continent"])
def test_no_answer_is_right_more_than_twice_as_often_as_another(name: str) -> None:
    counts = Counter(pair.output for pair in LANGUAGE_TASKS.get(name)().pairs())
    assert max(counts.values()) <= 2 * min(counts.values())


def test_lists_of_letters_ask_what_they_say() -> None:
    rules = {"list_first": lambda x: x[0], "list_last": lambda x: x[-1], "list_min": min, "list_max": max,
             "list_length": lambda x: str(len(x))}  # fmt: skip
    for name, rule in rules.items():
        pairs = LANGUAGE_TASKS.get(name)().pairs()
        assert all(pair.outputs == (rule(pair.input.split(",")),) for pair in pairs)
        most = 3 if name == "list_length" else 4
        assert {len(pair.input.split(",")) for pair in pairs} == set(range(most - 2, most + 1))


def test_published_numbers_give_the_published_means() -> None:
    # Table 1's means as printed in the paper, three digits: half of the last one.
    means = {"Mamba 0.13B": 0.540, "Mamba 2.80B": 0.849, "LLaMA 30B": 0.902, "RWKV 0.169B": 0.303, "GPT-J 6B": 0.814}
    for model, mean in means.items():
        values = [one.value for one in published_accuracies() if one.model == model and one.shots == 5]
        assert len(values) == 18
        assert abs(sum(values) / 18 - mean) <= 5.1e-4
    assert {one.model for one in published_means()} == {"Mamba 0.37B", "Mamba 2.8B", "RWKV 0.43B", "RWKV 3B"}
    assert all(one.low <= one.value <= one.high for one in published_means())
