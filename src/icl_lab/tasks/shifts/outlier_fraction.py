"""More or fewer outliers than in training."""

from dataclasses import dataclass

from icl_lab.tasks.base import Task
from icl_lab.tasks.families.outliers import OutlierFraction as Probability
from icl_lab.tasks.families.outliers import outlier_regression
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class OutlierFraction(Shift):
    """Each pair is an outlier with another probability.

    Args:
        fraction: That probability.
    """

    formula = "p = fraction"
    source = "in the manner of Park et al. 2024 (arXiv 2402.04248)"

    fraction: Probability = 0.7

    def shifted(self, task: Task) -> Task:
        return outlier_regression(task, self.short()).replace(outlier_fraction=self.fraction)
