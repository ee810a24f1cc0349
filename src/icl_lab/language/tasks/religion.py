"""The religion that a holy place, a founder, a saint or a scholar belongs to."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Knowledge


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class Religion(Knowledge):
    """The religion that a holy place, a founder, a saint or a scholar belongs to."""

    formula = "Mecca->Muslim"
    published = "knowledge_location_religion"
