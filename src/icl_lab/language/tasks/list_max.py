"""The largest digit of a list."""

from dataclasses import dataclass
from string import digits

from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.pairs.letters import ListTask


@LANGUAGE_TASKS.register
@dataclass(frozen=True, kw_only=True)
class ListMax(ListTask):
    """The largest digit of a list."""

    formula = "7,3->7"
    published = "algorithmic_list_max"
    items = digits

    def answer(self, items: list[str]) -> str:
        return max(items)
