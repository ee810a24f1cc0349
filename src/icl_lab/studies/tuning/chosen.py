"""Recipes that a search chose, architecture by architecture and part by part; `icl tune` writes them.

A search for every part would cost more than all trainings: a part may use the search of another one.

`recipes_found/<study>.json` beside this file holds, for each part and model, the fields of `TrainingSpec` that were
searched (optimiser, curriculum), and how they were found.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from icl_lab.comparisons.recipes import steps_of
from icl_lab.core.files import read_json, write_json
from icl_lab.studies.tuning.plan import Recipe, grows
from icl_lab.tasks.parts.curriculum import Curriculum
from icl_lab.training.spec import TrainingSpec

FOUND = Path(__file__).parent / "recipes_found"

PartOf = tuple[str, str]
"""The names of a study and of one of its parts."""


@dataclass(frozen=True)
class Chosen:
    """A recipe, and where it comes from.

    Args:
        training: The recipe.
        searched: The part for which it was searched; none where no search was made.
    """

    training: TrainingSpec
    searched: PartOf | None = None


def chosen_training(
    own: PartOf, model: str, base: TrainingSpec, growing: Curriculum, recipe_of: PartOf | None = None
) -> Chosen:
    """The recipe that was chosen for a model on a part, or else on another one; `base` where none was.

    Args:
        own: The part; a variant has its own.
        model: The model's word, a preset's name or a pattern.
        base: Everything that was not searched.
        growing: What can grow on the part's task.
        recipe_of: The part whose search counts where the part itself has none. Its optimiser is taken as it is. A
            curriculum is one of another task: where one was chosen, this task has its own.
    """
    for where in (own, recipe_of):
        found = recipes(where[0]).get(where[1], {}).get(model) if where else None
        if found is not None:
            chosen = TrainingSpec.from_json(base.to_json() | {"optimiser": found["training"]["optimiser"]})
            assert isinstance(chosen, TrainingSpec)
            ramped = found["training"]["curriculum"] is not None and grows(growing)
            return Chosen(Recipe(chosen.optimiser, ramped).training(base, growing, steps_of(base)), where)
    return Chosen(base)


def recipes(study: str) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """Part -> model -> what was chosen and how; empty for a study without a search."""
    return _read(FOUND / f"{study}.json")


def keep(study: str, found: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Path:
    """Store what was chosen, in the place of what was chosen for the same models before; returns the file.

    Args:
        study: Name of the study.
        found: Part -> model -> what was chosen and how.
    """
    held = recipes(study)
    path = FOUND / f"{study}.json"
    parts = sorted({*held, *found})
    write_json(path, {part: {**held.get(part, {}), **found.get(part, {})} for part in parts})
    forget()
    return path


def forget() -> None:
    """Read the files anew the next time."""
    _read.cache_clear()


@cache
def _read(path: Path) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    return read_json(path) if path.is_file() else {}
