"""One pair of the prompt is asked about in all prompts (released code of Park et al. 2024, retrieval)."""

from dataclasses import dataclass

from icl_lab.core.bounds import Natural
from icl_lab.core.errors import UserError
from icl_lab.tasks.base import Task
from icl_lab.tasks.shifts.base import SHIFTS, Shift
from icl_lab.tasks.vector_retrieval import VectorRetrieval


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class QueryPosition(Shift):
    """The query is the key of the same pair in every prompt: what is forgotten, the first pairs or the last?

    Args:
        pair: Which one, counted from 0.
    """

    formula = "q = k_pair"
    source = "Park et al. 2024 (arXiv 2402.04248), released code, retrieval"

    pair: Natural = 0

    def shifted(self, task: Task) -> Task:
        if not isinstance(task, VectorRetrieval):
            raise UserError(f"the shift {self.short()} needs vector_retrieval, got {task.spec_name()}")
        return task.replace(asked_pair=self.pair)
