"""From the present simple of an irregular verb to its past participle."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Linguistic


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class PresentParticiple(Linguistic):
    """From the present simple of an irregular verb to its past participle."""

    formula = "go->gone"
    published = "linguistic_present_simple_past_perfect"
