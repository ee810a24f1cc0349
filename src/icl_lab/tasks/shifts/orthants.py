"""Examples in one orthant, questions anywhere (Grazzi et al. 2024, figures 1c and 9d, "different orthants")."""

from dataclasses import dataclass

from icl_lab.tasks.base import Task
from icl_lab.tasks.queries.other_orthants import OtherOrthants
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class Orthants(Shift):
    """The examples of a prompt lie in one random orthant, the questions anywhere."""

    formula = "x_j = s * |z_j|, s a random sign for each coordinate;  query z_i"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 4"

    def shifted(self, task: Task) -> Task:
        return self.function_class(task).replace(queries=OtherOrthants())
