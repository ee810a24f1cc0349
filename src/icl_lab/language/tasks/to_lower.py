"""A capital as a small letter."""

from dataclasses import dataclass
from string import ascii_lowercase

from icl_lab.language.base import LANGUAGE_TASKS, Pair
from icl_lab.language.pairs.letters import Algorithmic


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class ToLower(Algorithmic):
    """A capital as a small letter."""

    formula = "C->c"
    published = "algorithmic_to_lower"

    def pairs(self) -> tuple[Pair, ...]:
        return tuple(Pair(letter.upper(), (letter,)) for letter in ascii_lowercase)
