"""A word from English to Spanish."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Translation


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class EnglishSpanish(Translation):
    """A word from English to Spanish."""

    formula = "water->agua"
    published = "translation_en_es"
    languages = ("english", "spanish")
