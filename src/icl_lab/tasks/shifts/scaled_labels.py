"""Labels of another size (Garg et al. 2022, section 4; Grazzi et al. 2024, figure 1e)."""

from dataclasses import dataclass

from icl_lab.core.bounds import Positive
from icl_lab.tasks.base import Task
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class ScaledLabels(Shift):
    """Every label is multiplied by a factor.

    Args:
        scale: The factor; a third, a half, 2 and 3 are the published ones.
    """

    formula = "y = scale f(x)"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 4"

    scale: Positive = 1 / 3

    def shifted(self, task: Task) -> Task:
        task = self.function_class(task)
        return task.replace(label_scale=self.scale * task.label_scale)
