"""A word from French to English."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Translation


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class FrenchEnglish(Translation):
    """A word from French to English."""

    formula = "eau->water"
    published = "translation_fr_en"
    languages = ("french", "english")
