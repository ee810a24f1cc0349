"""The capital of a country."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Knowledge


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class CountryCapital(Knowledge):
    """The capital of a country."""

    formula = "France->Paris"
    published = "knowledge_country_capital"
