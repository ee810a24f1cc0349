"""Functions outside the finite pool that was trained on (Raventos et al. 2023, section 2)."""

from dataclasses import dataclass

from icl_lab.core.errors import UserError
from icl_lab.tasks.base import Task
from icl_lab.tasks.regular_languages import RegularLanguages
from icl_lab.tasks.shifts.base import SHIFTS, Shift
from icl_lab.tasks.task_pool import TaskPool


@SHIFTS.register
@dataclass(frozen=True, kw_only=True)
class NewFunctions(Shift):
    """Every prompt has a function of its own, drawn as those of the pool were."""

    formula = "f drawn anew in every prompt, not from the pool"
    source = "Raventos et al. 2023 (arXiv 2306.15063), section 2"

    def shifted(self, task: Task) -> Task:
        if isinstance(task, TaskPool) and task.num_tasks is not None:
            return task.replace(num_tasks=None)
        if isinstance(task, RegularLanguages) and task.num_languages is not None:
            return task.replace(num_languages=None)
        raise UserError(f"the shift {self.short()} needs a task with a pool of functions; {task.spec_name()} has none")
