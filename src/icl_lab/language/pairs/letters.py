"""Tasks on letters and digits, whose pairs are generated."""

from abc import abstractmethod
from dataclasses import dataclass
from string import ascii_lowercase
from typing import ClassVar

from icl_lab.core.bounds import Count
from icl_lab.core.streams import Stream
from icl_lab.language.base import LanguageTask, Pair

GENERATED = "generated, as in Hendel et al. 2023 (arXiv 2310.15916)"


@dataclass(frozen=True, kw_only=True)
class Algorithmic(LanguageTask):
    """A rule that can be written down."""

    category = "algorithmic"
    source = GENERATED


@dataclass(frozen=True, kw_only=True)
class ListTask(Algorithmic):
    """A list of random items, joined by commas; repetitions are allowed.

    Attributes:
        items: What a list is made of.
        lengths: The fewest and the most items of a list, each length as often.

    Args:
        pool: Different lists to draw queries and demonstrations from.
    """

    items: ClassVar[str] = ascii_lowercase
    lengths: ClassVar[tuple[int, int]] = (2, 4)

    pool: Count = 1000

    @abstractmethod
    def answer(self, items: list[str]) -> str:
        """What is asked of a list."""

    def pairs(self) -> tuple[Pair, ...]:
        # One list of prompts for every model and seed, so the pool has an address of its own.
        generator = Stream(0).child("language", self.name).generator()
        found: dict[str, Pair] = {}
        fewest, most = self.lengths
        possible = sum(len(self.items) ** length for length in range(fewest, most + 1))
        while len(found) < min(self.pool, possible // 2):
            length = int(generator.integers(fewest, most + 1))
            chosen = [self.items[place] for place in generator.integers(len(self.items), size=length)]
            text = ",".join(chosen)
            found.setdefault(text, Pair(text, (self.answer(chosen),)))
        return tuple(found.values())
