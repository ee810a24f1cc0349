"""What every registered task and every registered distribution of inputs keeps."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from icl_lab.catalogue import field_notes
from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.evaluation.curves import zeros
from icl_lab.tasks.base import TASKS, Task
from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.inputs.base import INPUTS, Inputs
from icl_lab.tasks.queries.base import QUERIES
from tests.contracts.variants import variants

STREAM = Stream(0, ("contract",))
LONGEST = 40  # more than any task has dimensions


def every_task() -> list[Task]:
    """Each task; function classes also with every distribution of inputs, noise and silenced dims.

    Other tasks come with every combination of their choices. All are of moderate length: what is longer is slower here
    and not otherwise different.
    """
    tasks = [shorter(task) for task in variants(TASKS) if not isinstance(task, FunctionClass)]
    for name in TASKS.names():
        task = shorter(TASKS.get(name)())
        if isinstance(task, FunctionClass):
            tasks.append(task)
            others = [INPUTS.get(inputs)() for inputs in INPUTS.names()]
            noisy: dict[str, Any] = {"label_noise": 0.5, "active_dims": min(7, task.dim)}
            rescaled: dict[str, Any] = {"label_noise": 0.5, "restandardised": True, "label_scale": 3.0}
            changes: list[dict[str, Any]] = [{"inputs": inputs} for inputs in others if inputs != task.inputs]
            changes += [{"queries": QUERIES.get(queries)()} for queries in QUERIES.names()]
            changes += [noisy | {"inputs": others[-1]}, rescaled | {"input_scale": 2.0}]
            changes += [noisy, rescaled] if task.only_corners else []
            tasks += [other for change in changes for other in allowed(task, change)]
    return tasks


def allowed(task: FunctionClass, change: dict[str, Any]) -> list[FunctionClass]:
    """The changed task, if there is such a one: some have labels on the corners of the cube only."""
    try:
        return [task.replace(**change)]
    except UserError:
        assert task.only_corners
        return []


def shorter(task: Task) -> Task:
    return task.replace(length=min(task.length, LONGEST))


def every_function_class() -> list[FunctionClass]:
    return [task for task in every_task() if isinstance(task, FunctionClass)]


def assert_same(one: PromptBatch, other: PromptBatch) -> None:
    for field in ("tokens", "queries", "targets", "scored"):
        assert torch.equal(getattr(one, field), getattr(other, field)), field


@pytest.mark.parametrize("task", every_task(), ids=Task.short)
def test_prompts_depend_on_their_address_alone(task: Task) -> None:
    torch_state = torch.get_rng_state()
    numpy_state = np.random.get_state()[1]  # noqa: NPY002
    first = task.sample(STREAM, step=3, batch=2)
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    torch.rand(5)
    np.random.random(5)  # noqa: NPY002
    task.sample(STREAM, step=0, batch=2)
    assert_same(task.sample(STREAM, step=3, batch=2), first)
    for stream, step in ((STREAM, 4), (STREAM.child("other"), 3), (Stream(1, STREAM.names), 3)):
        assert not torch.equal(task.sample(stream, step, batch=2).tokens, first.tokens)


@pytest.mark.parametrize("task", [*every_task(), *(TASKS.get(name)() for name in TASKS.names())], ids=Task.short)
def test_prompts_have_the_declared_shapes(task: Task) -> None:
    prompts = task.sample(STREAM, step=0, batch=3)
    assert prompts.tokens.shape[:2] == (3, task.num_tokens)
    if task.vocabulary:
        assert prompts.tokens.shape == (3, task.num_tokens)
        assert prompts.tokens.dtype == torch.int64
        assert 0 <= prompts.tokens.min() <= prompts.tokens.max() < task.vocabulary
    else:
        assert prompts.tokens.shape == (3, task.num_tokens, task.d_token)
        assert prompts.tokens.dtype == torch.float32
    assert prompts.scored.dtype == torch.bool
    assert prompts.scored.any()
    assert prompts.scored.shape == (3, prompts.length)
    assert prompts.targets.shape[:2] == (3, prompts.length)
    assert prompts.queries.diff().gt(0).all(), "the queries are asked in the order of the tokens"
    assert 0 <= prompts.queries.min() <= prompts.queries.max() < task.num_tokens


@pytest.mark.parametrize("task", every_task(), ids=Task.short)
def test_a_right_answer_has_no_error_and_a_wrong_one_counts_only_where_scored(task: Task) -> None:
    prompts = task.asked(task.sample(STREAM, step=0, batch=3))
    right = task.objective.perfect(prompts)
    error = task.error(right, prompts)
    assert torch.equal(error.isnan(), ~prompts.scored)
    assert error[prompts.scored].abs().max() == 0
    wrong = task.error(-1 - right, prompts)
    assert wrong[prompts.scored].min() >= 0
    assert wrong[prompts.scored].mean() > 0


@pytest.mark.parametrize("task", every_task(), ids=Task.short)
def test_the_loss_falls_towards_the_right_answer(task: Task) -> None:
    prompts = task.sample(STREAM, step=0, batch=3)
    right = task.objective.perfect(prompts).double()
    zero = torch.zeros_like(right)
    losses = [task.loss(zero + share * right, prompts).item() for share in (0.0, 0.25, 0.5)]
    assert losses == sorted(losses, reverse=True)
    assert losses[2] < losses[0]


@pytest.mark.parametrize("task", every_task(), ids=Task.short)
def test_zero_error_is_the_error_of_the_zero_predictor(task: Task) -> None:
    # Batches are independent, prompts of one batch are not where they share their axes: the batches are the sample.
    errors = []
    for step in range(32):
        prompts = task.asked(task.sample(STREAM, step, batch=24))
        errors.append(task.error(zeros(task, prompts), prompts).nanmean().item())
    standard_error = np.std(errors, ddof=1) / math.sqrt(len(errors))
    # 5 standard errors: with 31 degrees of freedom one true value in about 5 * 10^4 lies outside. Pure chance among
    # symbols is the same in every prompt; there only float64 rounding is left.
    assert abs(np.mean(errors) - task.zero_error) <= 5 * standard_error + 1e-12


@pytest.mark.parametrize("task", every_task(), ids=Task.short)
def test_tasks_round_trip_through_json(task: Task) -> None:
    again = Task.from_json(task.to_json())
    assert again == task
    assert again.digest() == task.digest()
    assert task.replace(length=task.length + 1).digest() != task.digest()


@pytest.mark.parametrize("name", TASKS.names())
def test_tasks_say_what_they_are(name: str) -> None:
    task = TASKS.get(name)
    assert task.name == name
    assert task.formula
    assert task.source
    assert task.__doc__


@pytest.mark.parametrize("name", TASKS.names())
def test_tasks_refuse_what_they_do_not_know(name: str) -> None:
    with pytest.raises(UserError, match=rf"{name} has no field 'lenght': did you mean length\?"):
        Task.from_json({"task": name, "lenght": 5})
    with pytest.raises(UserError, match=rf"{name}\.length: expected an integer of at least 1, got 0"):
        TASKS.get(name)(length=0)


@pytest.mark.parametrize("task", every_function_class(), ids=Task.short)
def test_tokens_hold_the_examples_and_a_label_comes_after_its_query(task: FunctionClass) -> None:
    prompts = task.sample(STREAM, step=0, batch=2)
    assert prompts.examples is not None
    xs, clean = prompts.examples.xs, prompts.examples.clean
    labels = prompts.tokens[:, prompts.queries + 1]
    assert torch.equal(prompts.tokens[:, prompts.queries], xs)
    assert torch.equal(labels[..., 0], prompts.examples.ys)
    if clean is not None:  # an outlier may be any two vectors
        assert clean.any()
        assert not clean.all()
        xs, labels = xs[clean], labels[clean]
    assert labels[..., 1:].abs().max() == 0
    assert xs[..., task.num_active :].abs().sum() == 0
    assert xs[..., : task.num_active].abs().min() > 0
    if task.queries is None:
        assert prompts.branches is None
        assert torch.equal(prompts.targets, prompts.examples.ys)
    else:
        assert prompts.branches is not None
        assert torch.equal(prompts.branches.starts, prompts.queries)
        assert torch.equal(prompts.branches.tokens, prompts.examples.queries)
        assert prompts.examples.queries[..., task.num_active :].abs().sum() == 0


@pytest.mark.parametrize("task", every_function_class(), ids=Task.short)
def test_a_curriculum_starts_small_and_ends_at_the_task(task: FunctionClass) -> None:
    sizes = []
    for step in (0, 2000, 10_000, 10**9):
        stage = task.curriculum.task_at(task, step)
        sizes.append((stage.num_active, stage.length))
        assert stage.sample(STREAM, step, batch=1).length == stage.length
    assert sizes == sorted(sizes)
    assert sizes[-1] == (task.num_active, task.length)


@pytest.mark.parametrize("inputs", [INPUTS.get(name)() for name in INPUTS.names()], ids=Inputs.short)
def test_every_coordinate_of_x_has_second_moment_one(inputs: Inputs) -> None:
    dim = 6
    moments = np.stack(
        [np.mean(inputs.sample(STREAM.generator(step), 4, 8, dim) ** 2, axis=(0, 1)) for step in range(400)]
    )
    standard_errors = moments.std(axis=0, ddof=1) / math.sqrt(len(moments))
    # 5 standard errors of 400 independent batches: one true value in about 10^6 lies outside. Signs have none.
    assert np.all(np.abs(moments.mean(axis=0) - 1) <= 5 * standard_errors)


@pytest.mark.parametrize("inputs", [INPUTS.get(name)() for name in INPUTS.names()], ids=Inputs.short)
def test_inputs_know_their_fourth_moment(inputs: Inputs) -> None:
    dim = 5
    moments = [np.mean(inputs.sample(STREAM.generator(step), 4, 8, dim) ** 4) for step in range(2000)]
    standard_error = np.std(moments, ddof=1) / math.sqrt(len(moments))
    # 5 standard errors of 2,000 independent batches, and the rounding of a sum of ones.
    assert abs(np.mean(moments) - inputs.fourth_moment(dim)) <= 5 * standard_error + 1e-12


@pytest.mark.parametrize("inputs", [INPUTS.get(name)() for name in INPUTS.names()], ids=Inputs.short)
@pytest.mark.parametrize("dim", [1, 2, 5])
def test_inputs_exist_in_any_dimension(inputs: Inputs, dim: int) -> None:
    xs = inputs.sample(STREAM.generator(), 3, 4, dim)
    assert xs.shape == (3, 4, dim)
    assert xs.dtype == np.float64
    assert np.isfinite(xs).all()
    assert Inputs.from_json(inputs.to_json()) == inputs


@pytest.mark.parametrize("name", TASKS.names())
def test_the_length_is_said_in_the_unit_of_the_axis(name: str) -> None:
    unit = TASKS.get(name)().axis.split()[0]
    (meaning,) = (note.meaning for note in field_notes(TASKS.get(name)) if note.name == "length")
    assert unit in meaning.lower()
