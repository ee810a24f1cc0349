"""Isotropic inputs for what was trained on others (Grazzi et al. 2024, figure 1a, as it was really evaluated)."""

from dataclasses import dataclass

from icl_lab.tasks.base import Task
from icl_lab.tasks.inputs.isotropic import Isotropic as IsotropicInputs
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class Isotropic(Shift):
    """Inputs are standard normal, whatever they were in training."""

    formula = "x ~ N(0, I_d)"
    source = "Grazzi et al. 2024 (arXiv 2402.03170), figure 1a"

    def shifted(self, task: Task) -> Task:
        return self.function_class(task).replace(inputs=IsotropicInputs())
