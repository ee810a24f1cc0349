"""What of a stopped evaluation is answered whole, and what is not: the first can be summed up, the second is named."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from icl_lab.language.asking.answers import read_unit
from icl_lab.language.asking.plan import Plan
from icl_lab.language.prompts.draws import Labels
from icl_lab.language.spec import FewShot

NAMED = 4  # tasks that one line names, of more it tells the number

Missing = dict[Labels, tuple[str, ...]]
"""Labels -> titles of tasks of which some answer is missing."""


def missing(plan: Plan, spec: FewShot, folder: Path) -> Missing:
    """What a model has not answered yet, by what the folder holds now."""
    found: dict[Labels, dict[str, None]] = {}
    for step in plan.steps:
        if not set(step.shots) <= set(read_unit(step.unit.path(folder, spec))):
            found.setdefault(step.unit.labels, {})[step.unit.task.title] = None
    return {labels: tuple(titles) for labels, titles in found.items()}


def finished(plan: Plan, spec: FewShot, folder: Path) -> Plan:
    """The plan of what is answered whole: tasks with true labels, and controls that all of these tasks have been under.

    Controls that only some tasks have been under are left out: means with and without them are then over the same
    tasks.
    """
    gaps = missing(plan, spec, folder)
    tasks = {task.title for task in spec.tasks} - set(gaps.get(spec.labels[0], ()))
    labels = {one for one in spec.labels if not tasks & set(gaps.get(one, ()))}
    steps = tuple(step for step in plan.steps if step.unit.task.title in tasks and step.unit.labels in labels)
    return replace(plan, steps=steps)


def restricted(spec: FewShot, plans: Mapping[str, Plan]) -> FewShot | None:
    """What was asked, as far as it is in plans of what is finished; none where nothing is."""
    steps = [step for plan in plans.values() for step in plan.steps if step.shots]
    titles, labels = {step.unit.task.title for step in steps}, {step.unit.labels for step in steps}
    if not steps:
        return None
    return spec.replace(
        tasks=tuple(task for task in spec.tasks if task.title in titles),
        labels=tuple(one for one in spec.labels if one in labels),
    )


def named(gaps: Missing) -> str:
    """What is missing, in a line.

    >>> named({"true": ("religion",), "shuffled": ("a", "b", "c", "d", "e")})
    'religion; with shuffled labels 5 tasks'
    """
    return "; ".join(
        (f"with {labels} labels " if labels != "true" else "")
        + (", ".join(titles) if len(titles) <= NAMED else f"{len(titles)} tasks")
        for labels, titles in gaps.items()
    )
