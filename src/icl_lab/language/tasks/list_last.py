"""The last letter of a list."""

from dataclasses import dataclass

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.letters import ListTask


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class ListLast(ListTask):
    """The last letter of a list."""

    formula = "q,b,z->z"
    published = "algorithmic_list_last"

    def answer(self, items: list[str]) -> str:
        return items[-1]
