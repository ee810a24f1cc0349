"""Questions orthogonal to all examples so far (Garg et al. 2022, section 4)."""

from dataclasses import dataclass

from icl_lab.tasks.base import Task
from icl_lab.tasks.queries.orthogonal import Orthogonal
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class OrthogonalQueries(Shift):
    """Every question is orthogonal to all examples before it; none is asked after dim examples."""

    formula = "query orthogonal to x_1 ... x_i, of its own length"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 4"

    def shifted(self, task: Task) -> Task:
        return self.function_class(task).replace(queries=Orthogonal())
