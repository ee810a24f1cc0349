"""A letter as a capital."""

from dataclasses import dataclass
from string import ascii_lowercase

from icl_lab.language.base import LANGUAGE_TASKS, Pair
from icl_lab.language.pairs.letters import Algorithmic


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class ToUpper(Algorithmic):
    """A letter as a capital."""

    formula = "c->C"
    published = "algorithmic_to_upper"

    def pairs(self) -> tuple[Pair, ...]:
        return tuple(Pair(letter, (letter.upper(),)) for letter in ascii_lowercase)
