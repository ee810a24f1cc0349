"""What the figures of Grazzi et al. 2024 show, as tasks: trained on which, evaluated on which.

The evaluator of the paper draws isotropic inputs whatever a model was trained on. So figures 1 and 10, captioned
"skewed", show models trained on skewed inputs and evaluated on isotropic ones; only 9c has skewed inputs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from icl_lab.tasks.base import Task
from icl_lab.tasks.decision_tree import DecisionTree
from icl_lab.tasks.inputs.skewed import Skewed
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.shifts.base import Shift
from icl_lab.tasks.shifts.half_subspace import HalfSubspace
from icl_lab.tasks.shifts.noisy_labels import NoisyLabels
from icl_lab.tasks.shifts.orthants import Orthants
from icl_lab.tasks.shifts.scaled_inputs import ScaledInputs
from icl_lab.tasks.shifts.scaled_labels import ScaledLabels
from icl_lab.tasks.shifts.skewed import Skewed as SkewedShift
from icl_lab.tasks.sparse_linear_regression import SparseLinearRegression
from icl_lab.tasks.two_layer_relu import TwoLayerRelu


@dataclass(frozen=True)
class Figure:
    """One panel of a figure.

    Args:
        name: As in the paper.
        evaluated: Tasks whose curves these are, up to their length. Where there are several, they differ by what the
            errors do not show: a scale of 0.333 or 1/3 (0.2 % of the error), axes drawn once or for every prompt.
        trained: Tasks that the models were trained on, up to their length.
        notes: Label -> what must be known of its curve.
    """

    name: str
    evaluated: tuple[Task, ...]
    trained: tuple[Task, ...]
    notes: Mapping[str, str] = field(default_factory=dict)

    def evaluates(self, task: Task) -> bool:
        """Whether the panel shows errors on this task."""
        return any(task == one.replace(length=task.length) for one in self.evaluated if type(one) is type(task))

    def trains(self, task: Task, length: int) -> bool:
        """Whether models of the panel were trained on this task with a context of `length`."""
        return any(task == one.replace(length=length) for one in self.trained if type(one) is type(task))


LINEAR = LinearRegression()
SKEWED = (LinearRegression(inputs=Skewed()), LinearRegression(inputs=Skewed(per="prompt")))
HELD = {"transformer": "with learned positions, as released by Garg et al. 2022"}


def _shifted(*shifts: Shift) -> tuple[Task, ...]:
    return tuple(shift.shifted(LINEAR) for shift in shifts)


NOISY = _shifted(NoisyLabels())
ORTHANTS = _shifted(Orthants())
SMALL_INPUTS = _shifted(ScaledInputs(), ScaledInputs(scale=0.333))
SMALL_LABELS = _shifted(ScaledLabels(), ScaledLabels(scale=0.333))
HALF = _shifted(HalfSubspace(), HalfSubspace(per="prompt"))
SKEWED_AT_TEST = _shifted(SkewedShift(), SkewedShift(per="prompt"))


FIGURES: Mapping[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure("1a", (LINEAR,), SKEWED, {"mamba": "captioned three trainings, two are drawn"}),
        Figure("1b", NOISY, SKEWED),
        Figure("1c", ORTHANTS, SKEWED),
        Figure("1d", SMALL_INPUTS, SKEWED),
        Figure("1e", SMALL_LABELS, SKEWED),
        Figure("1f", HALF, SKEWED),
        Figure("2a", (SparseLinearRegression(),), (SparseLinearRegression(),)),
        Figure("2b", (TwoLayerRelu(),), (TwoLayerRelu(),)),
        Figure("2c", (DecisionTree(),), (DecisionTree(),)),
        Figure("8", (LINEAR,), (LINEAR,), HELD),
        Figure("9a", SMALL_INPUTS, (LINEAR,), HELD),
        Figure("9b", NOISY, (LINEAR,), HELD),
        Figure("9c", SKEWED_AT_TEST, (LINEAR,), HELD),
        Figure("9d", ORTHANTS, (LINEAR,), HELD),
        Figure("10b", (LINEAR,), SKEWED),
        Figure("10c", (LINEAR,), SKEWED),
    )
}
