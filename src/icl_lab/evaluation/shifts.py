"""Other prompts at evaluation than in training: shifted distributions and longer contexts.

Models without positions read prompts of any length; one with learned positions has none for the tokens beyond those it
was built for. That is a finding about the model, not a failure of the comparison, and is reported as such.
"""

from collections.abc import Sequence
from typing import Any

from icl_lab.core.errors import UserError
from icl_lab.core.predictor import Predictor
from icl_lab.core.specs import required_fields
from icl_lab.evaluation.curves import NUM_PROMPTS, Curves, learning_curve
from icl_lab.tasks.base import Task
from icl_lab.tasks.shifts.base import SHIFTS, Shift


def shifted_curve(
    predictors: Sequence[Predictor],
    task: Task,
    shift: Shift,
    num_prompts: int = NUM_PROMPTS,
    seed: int = 0,
    **more: Any,
) -> Curves:
    """Learning curves under a shift, for predictors trained on `task`; arguments are those of `learning_curve`.

    The prompts have the addresses of those without the shift: what the shift leaves alone is the same.

    Raises:
        UserError: The task has nothing that this shift could change.
    """
    return learning_curve(predictors, shift.shifted(task), num_prompts, seed, shift=shift.short(), **more)


def extrapolation_curve(
    predictors: Sequence[Predictor],
    task: Task,
    length: int,
    num_prompts: int = NUM_PROMPTS,
    seed: int = 0,
    **more: Any,
) -> Curves:
    """Learning curves on prompts of `length` examples, for predictors trained on `task.length`.

    Arguments are those of `learning_curve`; the result's `shift` is `"length=<length>"`.

    Raises:
        UserError: `length` is not longer than in training.
    """
    if length <= task.length:
        raise UserError(f"extrapolation: expected a length above the {task.length} of training, got {length}")
    return learning_curve(predictors, task.replace(length=length), num_prompts, seed, shift=f"length={length}", **more)


def applicable_shifts(task: Task) -> tuple[Shift, ...]:
    """Every shift, at its defaults, that changes something in the prompts of a task."""
    found = []
    for name in SHIFTS.names():
        component = SHIFTS.get(name)
        if required_fields(component):
            continue
        shift = component()
        try:
            changed = shift.shifted(task) != task
        except UserError:
            continue
        if changed:
            found.append(shift)
    return tuple(found)
