"""Isotropic inputs for what was trained on others (Grazzi et al. 2024, figures 1 and 10, as they were evaluated)."""

from dataclasses import dataclass

from icl_lab.tasks.base import Task
from icl_lab.tasks.inputs.isotropic import Isotropic as IsotropicInputs
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class Isotropic(Shift):
    """Inputs are standard normal, whatever they were in training.

    Args:
        then: What is changed of the prompts with such inputs, as in all panels of figure 1 but the first.
    """

    formula = "x ~ N(0, I_d)"
    source = "Grazzi et al. 2024 (arXiv 2402.03170), figure 1"

    then: Shift | None = None

    def shifted(self, task: Task) -> Task:
        isotropic = self.function_class(task).replace(inputs=IsotropicInputs())
        return isotropic if self.then is None else self.then.shifted(isotropic)
