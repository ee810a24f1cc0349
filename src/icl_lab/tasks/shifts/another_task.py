"""Another function class than the one that was trained on (Grazzi et al. 2024, figure 2b: linear after ReLU)."""

from dataclasses import dataclass

from icl_lab.core.errors import UserError
from icl_lab.tasks.base import TASKS, Task
from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class AnotherTask(Shift):
    """Prompts of another task, with the dimension, length and inputs of the one that was trained.

    Args:
        to: The other task's.
    """

    formula = "f from another class"
    source = "Garg et al. 2022 (arXiv 2208.01066), section 5"

    to: str = "linear_regression"

    def shifted(self, task: Task) -> Task:
        here = self.function_class(task)
        other = TASKS.get(self.to)
        if not issubclass(other, FunctionClass):
            raise UserError(f"{self.spec_name()}: expected a task of inputs and labels, got {self.to}")
        return other(dim=here.dim, length=here.length, inputs=here.inputs)
