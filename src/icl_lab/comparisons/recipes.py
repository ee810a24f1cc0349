"""Recipes: the sizes and the training of each scale. What was tried before, failures included, is in `docs/log.md`."""

from collections.abc import Mapping

from icl_lab.core.errors import UserError
from icl_lab.core.scales import Scale
from icl_lab.models.named import read_model
from icl_lab.models.presets.base import Preset
from icl_lab.models.presets.pattern import Pattern
from icl_lab.tasks.base import Task
from icl_lab.training.budgets.steps import Steps
from icl_lab.training.optimisers.adam import Adam
from icl_lab.training.optimisers.muon import Muon
from icl_lab.training.schedules.constant import Constant
from icl_lab.training.schedules.linear import Linear
from icl_lab.training.spec import TrainingSpec

SIZES: dict[Scale, tuple[int, int]] = {"smoke": (16, 1), "small": (64, 2), "paper": (256, 12)}
"""Width and depth (two blocks a layer) of every model."""

NUM_PROMPTS: dict[Scale, int] = {"smoke": 64, "small": 1280, "paper": 1280}


PAPER = TrainingSpec(
    budget=Steps(amount=500_001),
    optimiser=Adam(rate=1e-4),
    schedule=Constant(),
    warmup=0,
    clip=10.0,
    checkpoint_interval=5000,
    record_interval=100,
    held_out_interval=5000,
)
"""Park et al.'s training, but for the curriculum, which belongs to the task."""
SMALL = TrainingSpec(budget=Steps(amount=1600), optimiser=Muon(rate=1e-3), schedule=Linear(decay=0.3))
"""The training of every model at small scale, where nothing was searched."""


def model_at(scale: Scale, name: str, settings: Mapping[str, str] | None = None) -> Preset:
    """A model by name or as a pattern, at the size of a scale, with settings as text on top of it.

    Args:
        scale: Gives width and depth.
        name: A preset's name, with or without settings, or a pattern of blocks; see `models/named.py`.
        settings: Field -> text; they come before those in the name.

    Raises:
        UnknownName: It is one word, and neither a preset nor a block.
        UserError: The name cannot be read, or a setting is unknown or outside its range.
    """
    d_model, num_layers = SIZES[scale]
    kind, named = read_model(name)
    return kind(d_model=d_model, num_layers=num_layers).override({**named, **(settings or {})})


def paper_model(model: Preset) -> Preset:
    """The same model at the size of the paper scale, its other fields at their defaults."""
    d_model, num_layers = SIZES["paper"]
    blocks = {"blocks": model.blocks} if isinstance(model, Pattern) else {}
    return type(model)(d_model=d_model, num_layers=num_layers, **blocks)


def training_at(scale: Scale, task: Task) -> TrainingSpec:
    """How every model is trained at a scale: the same for all, so that a difference is the architecture's.

    `paper` is Park et al.'s: Adam at 1e-4 without warm-up, 500,001 steps, gradient norm 10, their curriculum.
    """
    if scale == "smoke":
        return TrainingSpec(
            batch=8,
            budget=Steps(amount=20),
            warmup=5,
            checkpoint_interval=10,
            held_out_interval=10,
            held_out_prompts=16,
        )
    if scale == "small":
        return SMALL
    return PAPER.replace(curriculum=task.curriculum)


def steps_of(training: TrainingSpec) -> int:
    """Optimiser steps of a study's training, which has a budget in steps.

    Raises:
        UserError: It has a budget of another kind.
    """
    if not isinstance(training.budget, Steps):
        raise UserError(
            f"a study's training needs a budget in steps, got {training.budget.short()}: "
            "say training.budget=steps(amount=1600)"
        )
    return training.budget.amount
