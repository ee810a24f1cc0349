"""The letter before another one."""

from dataclasses import dataclass
from itertools import pairwise
from string import ascii_lowercase

from icl_lab.language.base import LANGUAGE_TASKS, Pair
from icl_lab.language.pairs.letters import Algorithmic


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class PreviousLetter(Algorithmic):
    """The letter before another one."""

    formula = "c->b"
    published = "algorithmic_prev_letter"

    def pairs(self) -> tuple[Pair, ...]:
        return tuple(Pair(here, (before,)) for before, here in pairwise(ascii_lowercase))
