"""No outliers, for what was trained with them (Park et al. 2024, released evaluation)."""

from dataclasses import dataclass

from icl_lab.tasks.base import Task
from icl_lab.tasks.families.outliers import outlier_regression
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class WithoutOutliers(Shift):
    """Every pair is clean."""

    formula = "p = 0"
    source = "Park et al. 2024 (arXiv 2402.04248), released code"

    def shifted(self, task: Task) -> Task:
        return outlier_regression(task, self.short()).replace(outlier_fraction=0.0)
