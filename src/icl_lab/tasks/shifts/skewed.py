"""Skewed inputs for what was trained on others (Garg et al. 2022, section 4; Grazzi et al. 2024, figure 9c)."""

from dataclasses import dataclass

from icl_lab.core.bounds import NonNegative
from icl_lab.tasks.base import Task
from icl_lab.tasks.inputs.bases import Per
from icl_lab.tasks.inputs.skewed import Skewed as SkewedInputs
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class Skewed(Shift):
    """Inputs have a covariance with a power-law spectrum; see the inputs of that name.

    Args:
        exponent: How fast the standard deviation falls along the axes.
        per: Whether the axes are drawn once a batch, as released, or for every prompt.
    """

    formula = "x ~ N(0, C), eigenvalues of C proportional to i^(-2 exponent)"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 4"

    exponent: NonNegative = 1.0
    per: Per = "batch"

    def shifted(self, task: Task) -> Task:
        return self.function_class(task).replace(inputs=SkewedInputs(exponent=self.exponent, per=self.per))
