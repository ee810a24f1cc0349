"""What every registered shift keeps, on every function class."""

import math

import numpy as np
import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.short_form import from_short
from icl_lab.core.streams import Stream
from icl_lab.evaluation.curves import zeros
from icl_lab.tasks.base import TASKS, Task
from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.inputs.skewed import Skewed
from icl_lab.tasks.shifts.base import SHIFTS, Shift
from tests.contracts.variants import identity, variants

STREAM = Stream(0, ("shifts",))
EVERY = variants(SHIFTS)
every_shift = pytest.mark.parametrize("shift", EVERY, ids=identity)
FUNCTIONS = [TASKS.get(name)() for name in TASKS.names() if issubclass(TASKS.get(name), FunctionClass)]


def applies(shift: Shift, task: Task) -> bool:
    try:
        shift.shifted(task)
    except UserError:
        return False
    return True


def some_task(shift: Shift) -> Task:
    """A task that the shift can change."""
    return next(task for name in TASKS.names() if applies(shift, task := TASKS.get(name)()))


PAIRS = [(shift, task) for shift in EVERY for task in FUNCTIONS if applies(shift, task)]
every_pair = pytest.mark.parametrize(("shift", "task"), PAIRS, ids=lambda part: part.short())


@every_shift
def test_shifts_round_trip_and_say_what_they_are(shift: Shift) -> None:
    assert Shift.from_json(shift.to_json()) == shift
    assert from_short(SHIFTS, shift.short()) == shift
    assert shift.formula
    assert shift.source
    assert type(shift).__doc__


@every_pair
def test_a_shift_keeps_what_a_model_is_built_for(shift: Shift, task: Task) -> None:
    shifted = shift.shifted(task)
    for what in ("length", "d_token", "d_output", "num_tokens", "vocabulary"):
        assert getattr(shifted, what) == getattr(task, what), what
    prompts = shifted.sample(STREAM, 0, 2)
    assert prompts.tokens.shape == (2, task.num_tokens, task.d_token)
    assert prompts.scored.any()


@every_shift
def test_a_shift_changes_prompts_that_it_can_change(shift: Shift) -> None:
    # Skewed in training, so that isotropic inputs are a change too; not linear, so that another task is.
    first = TASKS.get("two_layer_relu")(inputs=Skewed(exponent=2.0), length=12)
    task = first if applies(shift, first) else some_task(shift)
    before, after = task.sample(STREAM, 0, 2), shift.shifted(task).sample(STREAM, 0, 2)
    same = before.tokens.equal(after.tokens) and (before.branches is None) == (after.branches is None)
    assert not same
    assert shift.shifted(task) != task


@every_pair
def test_zero_error_of_a_shifted_task_is_that_of_the_zero_predictor(shift: Shift, task: Task) -> None:
    shifted, errors = shift.shifted(task.replace(length=11)), []
    for step in range(32):
        prompts = shifted.sample(STREAM, step, 16)
        errors.append(shifted.error(zeros(shifted, prompts), prompts).nanmean().item())
    # 5 standard errors: with 31 degrees of freedom one true value in about 5 * 10^4 lies outside. Pure chance between
    # signs is the same in every prompt; there only float64 rounding is left.
    assert abs(np.mean(errors) - shifted.zero_error) <= 5 * np.std(errors, ddof=1) / math.sqrt(len(errors)) + 1e-12


@every_shift
def test_a_shift_refuses_a_task_without_inputs_and_labels(shift: Shift) -> None:
    class Symbols(Task):
        """A task that is not a function class."""

        name = "symbols"

        @property
        def zero_error(self) -> float:
            return 1.0

        @property
        def objective(self) -> object:
            raise AssertionError

        def sample(self, stream: Stream, step: int, batch: int) -> PromptBatch:
            raise AssertionError

    with pytest.raises(UserError, match="symbols"):
        shift.shifted(Symbols())


@every_shift
def test_shifted_prompts_draw_nothing_from_the_global_generators(shift: Shift) -> None:
    shifted, state = shift.shifted(some_task(shift)), torch.get_rng_state()
    first = shifted.sample(STREAM, 2, 3)
    assert torch.equal(torch.get_rng_state(), state)
    again = shifted.sample(STREAM, 2, 3)
    assert first.tokens.equal(again.tokens)
    assert first.targets.equal(again.targets)
