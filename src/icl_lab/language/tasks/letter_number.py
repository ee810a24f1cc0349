"""The place of one of the first nine letters in the alphabet."""

from dataclasses import dataclass
from string import ascii_lowercase

from icl_lab.language.base import LANGUAGE_TASKS, Pair
from icl_lab.language.pairs.letters import Algorithmic


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class LetterNumber(Algorithmic):
    """The place of one of the first nine letters in the alphabet."""

    formula = "c->3"
    published = "algorithmic_char_to_int"

    def pairs(self) -> tuple[Pair, ...]:
        return tuple(Pair(letter, (str(place),)) for place, letter in enumerate(ascii_lowercase[:9], start=1))
