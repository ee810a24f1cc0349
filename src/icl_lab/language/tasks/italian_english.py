"""A word from Italian to English."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Translation


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class ItalianEnglish(Translation):
    """A word from Italian to English."""

    formula = "acqua->water"
    published = "translation_it_en"
    languages = ("italian", "english")
