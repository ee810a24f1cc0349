"""Inputs from a random subspace of half the dimension (Garg et al. 2022, section 4; Grazzi et al. 2024, figure 1f)."""

from dataclasses import dataclass

from icl_lab.tasks.base import Task
from icl_lab.tasks.inputs.bases import Per
from icl_lab.tasks.inputs.subspace import Subspace
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class HalfSubspace(Shift):
    """Inputs lie in a random subspace of half the dimension and keep their mean squared length.

    Args:
        per: Whether the subspace is drawn once a batch, as released, or for every prompt.
    """

    formula = "x = sqrt(2) P z, P the projector on a random subspace of dimension d/2, z ~ N(0, I_d)"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 4"

    per: Per = "batch"

    def shifted(self, task: Task) -> Task:
        return self.function_class(task).replace(inputs=Subspace(per=self.per))
