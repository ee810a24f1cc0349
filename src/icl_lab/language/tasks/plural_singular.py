"""From a plural that is not the noun with an s back to the noun."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS, Pair
from icl_lab.language.pairs.csv_lists import shipped_pairs
from icl_lab.language.pairs.listed import Linguistic


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class PluralSingular(Linguistic):
    """From a plural that is not the noun with an s back to the noun."""

    formula = "mice->mouse"
    published = "linguistic_plural_singular"

    def _shipped(self) -> tuple[Pair, ...]:
        return tuple(Pair(pair.output, (pair.input,)) for pair in shipped_pairs("singular_plural"))
