"""Which shifts a task takes, and that no label depends on rounding."""

from typing import Any

import numpy as np
import pytest
import torch

from icl_lab.core.errors import UserError
from icl_lab.core.specs import field_types
from icl_lab.core.streams import Stream
from icl_lab.evaluation.shifts import applicable_shifts
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.decision_tree import DecisionTree
from icl_lab.tasks.families.function_class import FunctionClass
from icl_lab.tasks.inputs.isotropic import Isotropic
from icl_lab.tasks.inputs.signs import Signs
from icl_lab.tasks.inputs.skewed import Skewed
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.queries.orthogonal import Orthogonal
from icl_lab.tasks.queries.repeated import Repeated
from icl_lab.tasks.shifts.another_task import AnotherTask
from icl_lab.tasks.shifts.orthogonal_queries import OrthogonalQueries
from icl_lab.tasks.shifts.scaled_inputs import ScaledInputs
from icl_lab.tasks.sparse_parity import SparseParity
from icl_lab.tasks.two_layer_relu import TwoLayerRelu

STREAM = Stream(0, ("shifts",))


def test_another_task_keeps_all_that_both_tasks_have() -> None:
    here = TwoLayerRelu(
        dim=7,
        length=11,
        active_dims=5,
        inputs=Skewed(exponent=0.5),
        input_scale=2.0,
        queries=Repeated(),
        label_noise=0.5,
        label_scale=3.0,
        restandardised=True,
    )
    there = AnotherTask().shifted(here)
    assert isinstance(there, LinearRegression)
    for field in field_types(FunctionClass):
        assert getattr(there, field) == getattr(here, field) != field_types(FunctionClass), field


@pytest.mark.parametrize(
    "task", ["linear_regression", "noisy_linear_regression", "many_outlier_regression", "task_pool"]
)
def test_a_task_that_draws_these_functions_already_is_refused(task: str) -> None:
    with pytest.raises(UserError, match=f"{task} draws the functions of linear_regression already"):
        AnotherTask().shifted(TASKS.get(task)())


@pytest.mark.parametrize("task", ["linear_classification", "decision_tree", "sparse_linear_regression"])
def test_a_task_whose_errors_have_another_unit_is_refused(task: str) -> None:
    with pytest.raises(UserError, match="name a task with errors of the same unit"):
        AnotherTask().shifted(TASKS.get(task)())


@pytest.mark.parametrize("shift", [ScaledInputs(), OrthogonalQueries()])
def test_a_parity_takes_no_shift_that_moves_its_inputs_off_the_cube(shift: OrthogonalQueries | ScaledInputs) -> None:
    with pytest.raises(UserError, match="off the corners of the cube, where alone sparse_parity has labels"):
        shift.shifted(SparseParity())


def test_every_shift_that_a_parity_takes_leaves_its_inputs_on_the_cube() -> None:
    task = SparseParity(length=20)
    shifts = applicable_shifts(task)
    assert shifts
    for shift in shifts:
        prompts = shift.shifted(task).sample(STREAM, 0, 8)
        assert prompts.examples is not None
        assert (prompts.examples.xs.abs() == 1).all()
        assert (prompts.examples.queries.abs() == 1).all()


def test_coordinates_that_cancel_are_exactly_zero() -> None:
    xs = Signs().sample(STREAM.generator(), 64, 8, 8)
    _, asked = Orthogonal().sample(STREAM.generator(), xs)
    size = np.abs(asked[np.isfinite(asked)])
    # Projections of corners have coordinates that are quotients of determinants: 0, or far from it.
    assert ((size == 0) | (size > 1e-6)).all()
    assert (size == 0).any()


@pytest.mark.parametrize(
    "moved",
    [{"inputs": Isotropic()}, {"input_scale": 2.0}, {"queries": Orthogonal()}],
    ids=lambda moved: next(iter(moved)),
)
def test_a_parity_takes_no_setting_that_moves_its_inputs_off_the_cube_either(moved: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="off the corners of the cube, where alone sparse_parity has labels") as one:
        SparseParity().replace(**moved)
    assert f"sparse_parity: {next(iter(moved))}=" in str(one.value)


def test_questions_to_a_tree_have_the_label_of_their_tokens() -> None:
    task = DecisionTree(dim=6, length=6, depth=3, inputs=Signs(), queries=Orthogonal())
    prompts = task.sample(STREAM, 0, 64)
    assert prompts.examples is not None
    # The same trees, asked about what a model reads: float32 tokens, in which rounding of either sign would stay.
    read = prompts.examples.queries.double().numpy()
    labels = task.labels(
        np.concatenate([prompts.examples.xs.double().numpy(), read], axis=1), STREAM.child("function").generator(0)
    )
    again = torch.from_numpy(labels[:, task.length :]).float()
    assert torch.equal(again[prompts.scored], prompts.targets[prompts.scored])
