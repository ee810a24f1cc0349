"""How many letters a list has, one to three."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.letters import ListTask


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class ListLength(ListTask):
    """How many letters a list has, one to three."""

    formula = "q,b->2"
    published = "algorithmic_list_length"
    lengths = (1, 3)

    def answer(self, items: list[str]) -> str:
        return str(len(items))
