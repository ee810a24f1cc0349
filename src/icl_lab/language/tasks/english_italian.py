"""A word from English to Italian."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Translation


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class EnglishItalian(Translation):
    """A word from English to Italian."""

    formula = "water->acqua"
    published = "translation_en_it"
    languages = ("english", "italian")
