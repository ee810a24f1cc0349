"""The language that a well-known person mainly wrote or spoke."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Knowledge


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class PersonLanguage(Knowledge):
    """The language that a well-known person mainly wrote or spoke."""

    formula = "Victor Hugo->French"
    published = "knowledge_person_language"
