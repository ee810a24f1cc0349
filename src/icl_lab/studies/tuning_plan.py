"""Which recipes a search tries: a fixed list, the same for every architecture.

Recipe i depends on i and the task alone. Every architecture is therefore given the same chances, and a search that was
interrupted goes on with what it would have tried. The first recipe is the one that every model has without a search.
"""

from dataclasses import dataclass

from icl_lab.studies.recipes import training_at
from icl_lab.tasks.base import Task
from icl_lab.tasks.parts.curriculum import Curriculum, Ramp
from icl_lab.training.optimisers.adam import Adam
from icl_lab.training.optimisers.adamw import AdamW
from icl_lab.training.optimisers.base import OptimiserSpec
from icl_lab.training.optimisers.muon import Muon
from icl_lab.training.spec import TrainingSpec

OPTIMISERS: tuple[tuple[type[OptimiserSpec], float, float], ...] = (
    (AdamW, 7e-4, 1.2e-2),
    (Muon, 4e-4, 8e-3),
    (Adam, 1e-4, 4e-3),
)
"""With the lowest and the highest peak rate that is tried. Adam's lowest is the published rate."""
RAMPED = 0.3
"""Share of the training after which a curriculum has reached the whole task."""


@dataclass(frozen=True)
class Recipe:
    """What a search varies.

    Args:
        optimiser: With its peak rate.
        ramped: Whether there is the task's published curriculum, compressed into the first part of the training.
    """

    optimiser: OptimiserSpec
    ramped: bool

    def training(self, base: TrainingSpec, task: Task, steps: int) -> TrainingSpec:
        """A training by this recipe.

        Args:
            base: Everything that is not searched.
            task: Whose curriculum is taken.
            steps: Optimiser steps of the training.
        """
        curriculum = compressed(task.curriculum, max(1, round(RAMPED * steps))) if self.ramped else None
        return base.replace(optimiser=self.optimiser, curriculum=curriculum)


def recipe(number: int, task: Task) -> Recipe:
    """The recipe of a trial, counted from 0.

    Optimisers take turns; so do curriculum and none, where the task has one, so that six trials see every pair. The
    rates of each optimiser fill its range on a logarithmic scale: van der Corput's sequence in base 2, mirrored.
    """
    if number == 0:
        return Recipe(training_at("small", task).optimiser, ramped=False)
    kind, low, high = OPTIMISERS[(number - 1) % len(OPTIMISERS)]
    place = 1 - _van_der_corput(1 + (number - 1) // len(OPTIMISERS))
    rate = low * (high / low) ** place
    return Recipe(kind(rate=float(f"{rate:.2g}")), ramped=number % 2 == 0 and grows(task.curriculum))


def grows(curriculum: Curriculum) -> bool:
    """Whether anything grows in it."""
    return any(ramp is not None and _rises(ramp) > 0 for ramp in (curriculum.dims, curriculum.length))


def compressed(curriculum: Curriculum, steps: int) -> Curriculum:
    """A curriculum that has reached its end at optimiser step `steps`.

    Its ramps rise as often as before, or in fewer and higher rises where there are fewer steps than rises.
    """
    return Curriculum(dims=_compressed(curriculum.dims, steps), length=_compressed(curriculum.length, steps))


def _compressed(ramp: Ramp | None, steps: int) -> Ramp | None:
    if ramp is None or _rises(ramp) == 0:
        return ramp
    higher = ramp.replace(increment=ramp.increment * -(-_rises(ramp) // steps))
    return higher.replace(interval=steps // _rises(higher))


def _rises(ramp: Ramp) -> int:
    """How often it rises before its end."""
    return -(-(ramp.end - ramp.start) // ramp.increment) if ramp.increment and ramp.end > ramp.start else 0


def _van_der_corput(number: int) -> float:
    """The binary digits of a number, mirrored at the point.

    >>> [_van_der_corput(i) for i in (1, 2, 3, 4)]
    [0.5, 0.25, 0.75, 0.125]
    """
    return int(f"{number:b}"[::-1], 2) / 2 ** number.bit_length()
