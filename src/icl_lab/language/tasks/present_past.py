"""From the present simple of a verb to its past simple."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Linguistic


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class PresentPast(Linguistic):
    """From the present simple of a verb to its past simple."""

    formula = "go->went"
    published = "linguistic_present_simple_past_simple"
