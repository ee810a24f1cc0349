"""The letter at one of the first nine places of the alphabet."""

from dataclasses import dataclass
from string import ascii_lowercase

from icl_lab.language.base import LANGUAGE_TASKS, Pair
from icl_lab.language.pairs.letters import Algorithmic


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class NumberLetter(Algorithmic):
    """The letter at one of the first nine places of the alphabet."""

    formula = "3->c"
    published = "algorithmic_int_to_char"

    def pairs(self) -> tuple[Pair, ...]:
        return tuple(Pair(str(place), (letter,)) for place, letter in enumerate(ascii_lowercase[:9], start=1))
