"""Everything that is registered, by kind; what `icl list`, `icl describe` and the contract tests walk through."""

import inspect
import re
from dataclasses import MISSING, dataclass, fields
from typing import Any

from icl_lab.baselines.base import BASELINES
from icl_lab.core.annotations import describe_type
from icl_lab.core.errors import UnknownName
from icl_lab.core.registry import Registry
from icl_lab.core.specs import Spec, field_types
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.models.channel_mixers.base import CHANNEL_MIXERS
from icl_lab.models.mixers.base import MIXERS
from icl_lab.models.presets.base import PRESETS
from icl_lab.studies.base import STUDIES
from icl_lab.sweep.base import EXECUTORS
from icl_lab.tasks.base import TASKS
from icl_lab.tasks.inputs.base import INPUTS
from icl_lab.tasks.queries.base import QUERIES
from icl_lab.tasks.shifts.base import SHIFTS
from icl_lab.training.budgets.base import BUDGETS
from icl_lab.training.optimisers.base import OPTIMISERS
from icl_lab.training.schedules.base import SCHEDULES

KINDS: dict[str, Registry[Any]] = {
    registry.kind: registry
    for registry in (
        TASKS, PRESETS, STUDIES, BASELINES, INPUTS, QUERIES, SHIFTS, MIXERS, CHANNEL_MIXERS, OPTIMISERS, SCHEDULES,
        BUDGETS, EXECUTORS, LANGUAGE_TASKS,
    )
}  # fmt: skip


@dataclass(frozen=True)
class FieldNote:
    """What a field of a component means.

    Args:
        name: The field.
        default: Its default, as JSON would write it; none where there is no default.
        allowed: The values it takes, in words.
        meaning: The sentence about it in the docstring.
    """

    name: str
    default: str | None
    allowed: str
    meaning: str


def find(name: str) -> list[tuple[str, type[Spec]]]:
    """The components called `name`, with their kinds; a task and a baseline may share a name.

    Raises:
        UnknownName: With the nearest names of any kind.
    """
    found = [(kind, registry.get(name)) for kind, registry in KINDS.items() if name in registry]
    if not found:
        raise UnknownName("name", name, {known for registry in KINDS.values() for known in registry.names()})
    return found


def summary(component: type[Spec]) -> str:
    """The first sentence of a component's docstring."""
    return (inspect.getdoc(component) or "").split("\n\n")[0].replace("\n", " ")


def field_notes(component: type[Spec]) -> list[FieldNote]:
    """Every field of a component, with what the docstrings of its class and their bases say of it."""
    meanings: dict[str, str] = {}
    for base in reversed(component.__mro__):
        meanings |= _arguments(base.__doc__ or "")
    types = field_types(component)
    return [
        FieldNote(
            name=field.name,
            default=None if field.default is MISSING else _text(field.default),
            allowed=describe_type(types[field.name]),
            meaning=meanings.get(field.name, ""),
        )
        for field in fields(component)
    ]


def _text(value: object) -> str:
    if isinstance(value, Spec):
        return value.short()
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _arguments(docstring: str) -> dict[str, str]:
    """The `Args:` section of a Google-style docstring: name -> meaning."""
    section = re.search(r"^[ ]*Args:\n(.*?)(?=\n\s*\n|\Z)", inspect.cleandoc(docstring), re.DOTALL | re.MULTILINE)
    if section is None:
        return {}
    entries = re.split(r"^ {4}(?=\w+:)", section.group(1), flags=re.MULTILINE)
    pairs = (entry.partition(":") for entry in entries if entry.strip())
    return {name.strip(): " ".join(text.split()) for name, _, text in pairs}
