"""Outliers at fixed places (Park et al. 2024, released evaluation)."""

from dataclasses import dataclass

from icl_lab.tasks.base import Task
from icl_lab.tasks.families.outliers import outlier_regression
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class EvenlySpacedOutliers(Shift):
    """Outliers are at the same, evenly spaced places of every prompt, as many as there are on average in training.

    The released code means this too, but for nine outliers in ten it puts them at the first 10 of 512 places only.
    """

    formula = "pair i is an outlier where floor((i + 1) p) > floor(i p), i = 0, 1, ..."
    source = "Park et al. 2024 (arXiv 2402.04248), released code"

    def shifted(self, task: Task) -> Task:
        return outlier_regression(task, self.short()).replace(places="even")
