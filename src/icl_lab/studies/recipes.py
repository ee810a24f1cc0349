"""Recipes: the sizes and the training of each scale. What was tried before, failures included, is in `docs/log.md`."""

from collections.abc import Mapping

from icl_lab.core.scales import Scale
from icl_lab.models.presets.base import PRESETS, Preset
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


def model_at(scale: Scale, name: str, settings: Mapping[str, str] | None = None) -> Preset:
    """A model by name or as a pattern, at the size of a scale, with settings as text on top of it.

    Args:
        scale: Gives width and depth.
        name: A preset's name, or a pattern of blocks: `mamba (attention mamba)*2`.
        settings: Field -> text.

    Raises:
        UnknownName: It is one word and no preset.
        UserError: The pattern cannot be read, or a setting is unknown or outside its range.
    """
    d_model, num_layers = SIZES[scale]
    sized = preset_type(name)(d_model=d_model, num_layers=num_layers)
    named = sized.replace(blocks=name) if name not in PRESETS else sized
    return named.override(settings or {})


def preset_type(name: str) -> type[Preset]:
    """The class behind a preset's name; that of patterns for anything that is not one word.

    Raises:
        UnknownName: It is one word and no preset.
    """
    return PRESETS.get(name) if name in PRESETS or name.isidentifier() else Pattern


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
        return TrainingSpec(budget=Steps(amount=1600), optimiser=Muon(rate=1e-3), schedule=Linear(decay=0.3))
    return PAPER.replace(curriculum=task.curriculum)
