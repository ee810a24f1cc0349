"""Inputs of another size (Garg et al. 2022, section 4; Grazzi et al. 2024, figures 1d and 9a)."""

from dataclasses import dataclass

from icl_lab.core.bounds import Positive
from icl_lab.tasks.base import Task
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class ScaledInputs(Shift):
    """Every input is multiplied by a factor; the function is applied to the result.

    Args:
        scale: The factor; a third, a half, 2 and 3 are the published ones.
    """

    formula = "x = scale z;  y = f(x)"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 4"

    scale: Positive = 1 / 3

    def shifted(self, task: Task) -> Task:
        task = self.function_class(task)
        return task.replace(input_scale=self.scale * task.input_scale)
