"""The opposite of a word."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Linguistic


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class Antonyms(Linguistic):
    """The opposite of a word."""

    formula = "high->low"
    published = "linguistic_antonyms"
