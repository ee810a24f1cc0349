"""Which recipes a search tries: a fixed list, the same for every architecture.

Recipe i depends on i alone, and on whether anything can grow. Every architecture is therefore given the same chances,
and a search that was interrupted goes on with what it would have tried. The first recipe is the one that every model
has without a search.
"""

from dataclasses import dataclass

from icl_lab.comparisons.recipes import SMALL
from icl_lab.tasks.parts.curriculum import Curriculum, Ramp
from icl_lab.training.optimisers.adam import Adam
from icl_lab.training.optimisers.adamw import AdamW
from icl_lab.training.optimisers.base import OptimiserSpec
from icl_lab.training.optimisers.muon import Muon
from icl_lab.training.spec import TrainingSpec

OPTIMISERS: tuple[tuple[type[OptimiserSpec], float, float], ...] = (
    (AdamW, 7e-4, 1.2e-2),
    (Muon, 2e-4, 4e-3),
    (Adam, 1e-4, 4e-3),
)
"""With the lowest and the highest peak rate that is tried. Adam's lowest is the published rate."""
RISES = 3
"""A curriculum grows so often: few and high rises, so that there is time to leave the first, short plateau."""
STAGE = 0.2
"""Share of the training before each rise; the whole task has what remains, here two fifths."""


@dataclass(frozen=True)
class Recipe:
    """What a search varies.

    Args:
        optimiser: With its peak rate.
        ramped: Whether dimensions and length grow during the training.
    """

    optimiser: OptimiserSpec
    ramped: bool

    def training(self, base: TrainingSpec, growing: Curriculum, steps: int) -> TrainingSpec:
        """A training by this recipe.

        Args:
            base: Everything that is not searched.
            growing: What can grow, from where to where.
            steps: Optimiser steps of the training.
        """
        curriculum = in_stages(growing, steps) if self.ramped else None
        return base.replace(optimiser=self.optimiser, curriculum=curriculum)


def recipe(number: int, growing: Curriculum) -> Recipe:
    """The recipe of a trial, counted from 0.

    Optimisers take turns; so do curriculum and none, where anything can grow. Six trials after the first see every
    pair; a search of fewer does not, and a study's page says how many trials there were. The rates of each optimiser
    fill its range on a logarithmic scale: van der Corput's sequence in base 2, mirrored.
    """
    if number == 0:
        return Recipe(SMALL.optimiser, ramped=grows(growing))
    kind, low, high = OPTIMISERS[(number - 1) % len(OPTIMISERS)]
    place = 1 - _van_der_corput(1 + (number - 1) // len(OPTIMISERS))
    rate = low * (high / low) ** place
    return Recipe(kind(rate=float(f"{rate:.2g}")), ramped=number % 2 == 0 and grows(growing))


def grows(curriculum: Curriculum) -> bool:
    """Whether anything grows in it."""
    return any(ramp is not None and _rises(ramp) > 0 for ramp in (curriculum.dims, curriculum.length))


def in_stages(curriculum: Curriculum, steps: int) -> Curriculum:
    """A curriculum from the same start to the same end, in a few equal rises during a training of `steps` steps."""
    stage = max(1, round(STAGE * steps))
    return Curriculum(dims=_in_stages(curriculum.dims, stage), length=_in_stages(curriculum.length, stage))


def _in_stages(ramp: Ramp | None, stage: int) -> Ramp | None:
    if ramp is None or _rises(ramp) == 0:
        return ramp
    return ramp.replace(increment=-(-(ramp.end - ramp.start) // RISES), interval=stage)


def _rises(ramp: Ramp) -> int:
    """How often it rises before its end."""
    return -(-(ramp.end - ramp.start) // ramp.increment) if ramp.increment and ramp.end > ramp.start else 0


def _van_der_corput(number: int) -> float:
    """The binary digits of a number, mirrored at the point.

    >>> [_van_der_corput(i) for i in (1, 2, 3, 4)]
    [0.5, 0.25, 0.75, 0.125]
    """
    return int(f"{number:b}"[::-1], 2) / 2 ** number.bit_length()
