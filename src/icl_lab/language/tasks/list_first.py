"""The first letter of a list."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.letters import ListTask


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class ListFirst(ListTask):
    """The first letter of a list."""

    formula = "q,b,z->q"
    published = "algorithmic_list_first"

    def answer(self, items: list[str]) -> str:
        return items[0]
