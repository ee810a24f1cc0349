"""Another function class than the one that was trained on (Grazzi et al. 2024, figure 2b: linear after ReLU)."""

from dataclasses import dataclass

from icl_lab.core.errors import UserError
from icl_lab.core.specs import field_types
from icl_lab.tasks.base import TASKS, Task
from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.shifts.base import SHIFTS, Shift


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class AnotherTask(Shift):
    """Prompts of another task; inputs, questions, scales and noise are those of the one that was trained.

    The other task's functions must be others than those of training, and errors must have the same unit: a curve in
    another one would have no place beside the first.

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
        if isinstance(here, other) or type(here).labels is other.labels:
            raise UserError(
                f"{self.short()}: {here.spec_name()} draws the functions of {self.to} already; name another task"
            )
        # What every function class has; fields of the other class alone keep its defaults.
        there = other(**{field: getattr(here, field) for field in field_types(FunctionClass)})
        if type(there.objective) is not type(here.objective) or there.metric != here.metric:
            raise UserError(
                f"{self.short()}: errors of {self.to} are {there.metric}, those of {here.spec_name()} {here.metric}; "
                "name a task with errors of the same unit"
            )
        return there
