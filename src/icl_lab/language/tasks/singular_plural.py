"""From a noun to a plural that is not the noun with an s."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.listed import Linguistic


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class SingularPlural(Linguistic):
    """From a noun to a plural that is not the noun with an s."""

    formula = "mouse->mice"
    published = "linguistic_singular_plural"
