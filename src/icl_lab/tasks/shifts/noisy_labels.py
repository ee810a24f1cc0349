"""Noise on every label (Garg et al. 2022, section 4; Grazzi et al. 2024, figures 1b and 9b)."""

from dataclasses import dataclass
from math import hypot

from icl_lab.core.bounds import NonNegative
from icl_lab.tasks.base import Task
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class NoisyLabels(Shift):
    """Gaussian noise is added to every label, the scored one included.

    Args:
        std: Its standard deviation.
        restandardised: Whether the labels of a batch are then rescaled to the variance that they have without noise, as
            in the published curves.
    """

    formula = "y = c (f(x) + N(0, std^2)), c such that y keeps its variance"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 4"

    std: NonNegative = 1.0
    restandardised: bool = True

    def shifted(self, task: Task) -> Task:
        task = self.function_class(task)
        return task.replace(label_noise=hypot(task.label_noise, self.std), restandardised=self.restandardised)
