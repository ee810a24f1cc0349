"""From the present simple of a verb to its gerund."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Linguistic


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class PresentGerund(Linguistic):
    """From the present simple of a verb to its gerund."""

    formula = "go->going"
    published = "linguistic_present_simple_gerund"
