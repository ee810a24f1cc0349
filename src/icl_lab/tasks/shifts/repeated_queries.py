"""Questions that have been answered (Garg et al. 2022, section 4, "overlapping")."""

from dataclasses import dataclass

from icl_lab.tasks.base import Task
from icl_lab.tasks.queries.repeated import Repeated
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class RepeatedQueries(Shift):
    """Every question repeats an example before it."""

    formula = "query = x_j, j uniform in 1 ... i"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 4"

    def shifted(self, task: Task) -> Task:
        return self.function_class(task).replace(queries=Repeated())
