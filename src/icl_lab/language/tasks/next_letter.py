"""The letter after another one."""

from dataclasses import dataclass
from itertools import pairwise
from string import ascii_lowercase

from icl_lab.language.base import LANGUAGE_TASKS, Pair
from icl_lab.language.pairs.letters import Algorithmic


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class NextLetter(Algorithmic):
    """The letter after another one."""

    formula = "c->d"
    published = "algorithmic_next_letter"

    def pairs(self) -> tuple[Pair, ...]:
        return tuple(Pair(here, (after,)) for here, after in pairwise(ascii_lowercase))
