"""The continent of a city."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Knowledge


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class LocationContinent(Knowledge):
    """The continent of a city."""

    formula = "Nairobi->Africa"
    published = "knowledge_location_continent"
