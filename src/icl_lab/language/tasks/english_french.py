"""A word from English to French."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Translation


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class EnglishFrench(Translation):
    """A word from English to French."""

    formula = "water->eau"
    published = "translation_en_fr"
    languages = ("english", "french")
