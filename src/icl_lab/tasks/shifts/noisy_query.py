"""Queries that are near a key instead of equal to it (released code of Park et al. 2024, retrieval)."""

from dataclasses import dataclass

from icl_lab.core.bounds import NonNegative
from icl_lab.core.errors import UserError
from icl_lab.tasks.base import Task
from icl_lab.tasks.families.recall import Recall
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class NoisyQuery(Shift):
    """Gaussian noise on every coordinate of a query, which then gets its length back.

    The answer is the value of the key nearest to what is asked, which at much noise is not the key it was made of: so
    the released code has it, and so there is an answer without error at any noise.

    Args:
        std: Standard deviation; released are 0.1, 0.4, 0.7, 1, 2, 3 and 5, for coordinates of second moment 1.
    """

    formula = "q = sqrt(d) z / |z|, z = k_r + N(0, std^2 I);  y = v_j of the nearest k_j"
    source = "Park et al. 2024 (arXiv 2402.04248), released code, retrieval"

    std: NonNegative = 1.0

    def shifted(self, task: Task) -> Task:
        if not isinstance(task, Recall):
            raise UserError(f"the shift {self.short()} needs a task of keys and values; {task.spec_name()} has none")
        return task.replace(query_noise=self.std)
