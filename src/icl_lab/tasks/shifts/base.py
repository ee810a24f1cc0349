"""What a shift is: a task at evaluation that differs from that of training in one named way."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from icl_lab.core.errors import UserError
from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered
from icl_lab.tasks.base import Task
from icl_lab.tasks.families.function_class import FunctionClass

SHIFTS: Registry["Shift"] = Registry("shift", "icl_lab.tasks.shifts")


@dataclass(frozen=True, kw_only=True)
class Shift(Registered):
    """A change of the prompts at evaluation; the model is the one that was trained without it.

    Attributes:
        formula: What is changed, in one line.
        source: Where the shift comes from.
    """

    registry = SHIFTS
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""

    @abstractmethod
    def shifted(self, task: Task) -> Task:
        """The task to evaluate on.

        Raises:
            UserError: The task has nothing that this shift could change.
        """

    def function_class(self, task: Task) -> FunctionClass:
        """The task, for a shift that changes inputs, labels or questions of a function class.

        Raises:
            UserError: It is not one.
        """
        if not isinstance(task, FunctionClass):
            raise UserError(f"the shift {self.short()} needs a task of inputs and labels; {task.spec_name()} has none")
        return task
