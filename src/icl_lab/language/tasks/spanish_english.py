"""A word from Spanish to English."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Translation


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class SpanishEnglish(Translation):
    """A word from Spanish to English."""

    formula = "agua->water"
    published = "translation_es_en"
    languages = ("spanish", "english")
