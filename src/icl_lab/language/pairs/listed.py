"""Tasks whose pairs are lists: those that ship with the package, or a folder's with the same names."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from icl_lab.language.base import Judgement, LanguageTask, Pair
from icl_lab.language.pairs.csv_lists import merged, read_pairs, shipped_pairs, shipped_rows

OURS = "our own list; data/provenance.csv says what it is made from"


@dataclass(frozen=True, kw_only=True)
class ListedTask(LanguageTask):
    """Pairs from `data/<name>.csv`.

    Args:
        folder: Where to read `<name>.csv` instead of the list that ships; empty for that list.
    """

    source = OURS

    folder: str = ""

    def pairs(self) -> tuple[Pair, ...]:
        return read_pairs(Path(self.folder) / f"{self.name}.csv") if self.folder else self._shipped()

    def _shipped(self) -> tuple[Pair, ...]:
        return shipped_pairs(self.name)


@dataclass(frozen=True, kw_only=True)
class Translation(ListedTask):
    """A word in another language; in English, words of one meaning are right as well (`synonyms.py`).

    In another language only what stands in the list is: an English table would call copied words right.

    Attributes:
        languages: From which, to which; columns of `data/words.csv`.
    """

    category = "translation"
    judgement = "synonyms"
    filtered = True
    languages: ClassVar[tuple[str, str]]

    @property
    def judged(self) -> Judgement:
        return self.judgement if self.languages[1] == "english" else "exact"

    def _shipped(self) -> tuple[Pair, ...]:
        here, there = self.languages
        rows = shipped_rows("words")
        return merged(Pair(row[here].split("|")[0], tuple(row[there].split("|"))) for row in rows)


@dataclass(frozen=True, kw_only=True)
class Linguistic(ListedTask):
    """A form of a word."""

    category = "linguistic"
    filtered = True


@dataclass(frozen=True, kw_only=True)
class Knowledge(ListedTask):
    """A fact. An answer of one token is right if the whole one begins with it."""

    category = "knowledge"
    judgement = "prefix"
