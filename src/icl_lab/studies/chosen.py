"""Recipes that a search chose, architecture by architecture and part by part; `icl tune` writes them.

`recipes_found/<study>.json` beside this file holds, for each part and model, the fields of `TrainingSpec` that were
searched (optimiser, curriculum), and how they were found.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from icl_lab.core.files import read_json, write_json
from icl_lab.core.specs import field_types
from icl_lab.training.spec import TrainingSpec

FOUND = Path(__file__).parent / "recipes_found"


def chosen_training(study: str, part: str, model: str, base: TrainingSpec) -> TrainingSpec:
    """The recipe that was chosen for a model on a part; `base` where none was.

    Args:
        study: Name of the study.
        part: Name of the part; a variant has its own.
        model: The model's word, a preset's name or a pattern.
        base: Everything that was not searched.
    """
    found = recipes(study).get(part, {}).get(model)
    if found is None:
        return base
    searched = {key: value for key, value in found["training"].items() if key in field_types(TrainingSpec)}
    chosen = TrainingSpec.from_json(base.to_json() | searched)
    assert isinstance(chosen, TrainingSpec)
    return chosen


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
