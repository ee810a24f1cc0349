"""From answers to records: accuracies of tasks, of categories, and of the tasks that have enough pairs throughout.

Metrics of records; `shown` is the number of demonstrations, `shift` the labels where they are not the true ones:
* accuracy: of a task and a seed; accuracy_mean: over all seeds, with its interval;
* category_accuracy_mean: mean over the tasks of a category; `num_prompts` counts the tasks. all_accuracy_mean: over all
  tasks that have enough pairs; common_accuracy_mean: over those that have enough for every number asked;
* labels_right: share of the labels of a control that are right all the same, in the longest prompts;
* best_constant, copied_input: what a task scores without being learned (`floors.py`);
* accuracy_rise, accuracy_fall and their means over categories: `changes.py`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from icl_lab.core.records import Record
from icl_lab.language.asking.answers import read_unit
from icl_lab.language.asking.one_task import Answer
from icl_lab.language.asking.plan import Plan
from icl_lab.language.base import LanguageTask
from icl_lab.language.measures.changes import Asked, accuracy, changes
from icl_lab.language.measures.floors import best_constant, copied_input
from icl_lab.language.measures.intervals import Measured, mean_of
from icl_lab.language.measures.rows import row, shift_of
from icl_lab.language.prompts.draws import Labels, draw_sets, right_share
from icl_lab.language.spec import FewShot, stream_of


def records_of(plan: Plan, spec: FewShot, folder: Path) -> list[Record]:
    """All records of one model."""
    asked = _read(plan, spec, folder)
    found = [record for key, seeds in asked.items() for record in _of_task(plan, spec, key, seeds)]
    accuracies = {key: accuracy(seeds) for key, seeds in asked.items()}
    for task in spec.tasks:
        for labels in spec.labels:
            shots = [count for title, kind, count in asked if (title, kind) == (task.title, labels)]
            if labels != "true" and shots:
                kept = _labels_right(plan, spec, task, labels, max(shots))
                found.append(row(plan, spec, task.title, "labels_right", kept, shown=max(shots), shift=labels))
    found += _floors(plan, spec)
    found += _groups(plan, spec, accuracies)
    found += changes(plan, spec, asked)
    return found


def common_tasks(spec: FewShot, plans: Mapping[str, Plan], most: int | None = None) -> tuple[str, ...]:
    """The tasks that have enough pairs for every number of demonstrations, whoever is asked."""
    wanted = [count for count in spec.shots if most is None or count <= most]
    return tuple(
        task.title for task in spec.tasks if all(set(wanted) <= _shots_of(plan, task.title) for plan in plans.values())
    )


def _read(plan: Plan, spec: FewShot, folder: Path) -> Asked:
    """All answers to what all seeds were asked."""
    found: Asked = {}
    answers = {
        (step.unit.task.title, step.unit.labels, step.unit.seed): read_unit(step.unit.path(folder, spec))
        for step in plan.steps
    }
    for task in spec.tasks:
        for labels in spec.labels:
            seeds = [answers.get((task.title, labels, seed), {}) for seed in range(spec.num_seeds)]
            for count in spec.shots:
                if all(count in one for one in seeds):
                    found[task.title, labels, count] = [one[count] for one in seeds]
    return found


def _of_task(plan: Plan, spec: FewShot, key: tuple[str, Labels, int], seeds: list[list[Answer]]) -> Iterator[Record]:
    task, labels, count = key
    where = {"shown": count, "shift": shift_of(labels)}
    for seed, answers in enumerate(seeds):
        yield row(plan, spec, task, "accuracy", _accuracy(answers), seed=seed, num_prompts=len(answers), **where)
    yield row(plan, spec, task, "accuracy_mean", accuracy(seeds), num_prompts=sum(map(len, seeds)), **where)


def _groups(plan: Plan, spec: FewShot, accuracies: Mapping[tuple[str, Labels, int], Measured]) -> Iterator[Record]:
    common = common_tasks(spec, {plan.model: plan})
    groups: dict[tuple[str, str], list[str]] = {("all_accuracy_mean", "all tasks"): [task.title for task in spec.tasks]}
    groups["common_accuracy_mean", "common tasks"] = list(common)
    for task in spec.tasks:
        groups.setdefault(("category_accuracy_mean", task.group), []).append(task.title)
    for (metric, name), members in groups.items():
        for labels in spec.labels:
            for count in spec.shots:
                chosen = [accuracies[task, labels, count] for task in members if (task, labels, count) in accuracies]
                # A category is shown as far as all of its tasks go, so that its line has one meaning; a mean under a
                # control where it is over the same tasks as that with true labels.
                wanted = members
                if metric != "category_accuracy_mean":
                    wanted = [task for task in members if (task, "true", count) in accuracies]
                if not chosen or len(chosen) < len(wanted):
                    continue
                where = {"shown": count, "shift": shift_of(labels)}
                yield row(plan, spec, name, metric, mean_of(chosen), num_prompts=len(chosen), **where)


def _floors(plan: Plan, spec: FewShot) -> Iterator[Record]:
    whole = spec.answers == "whole"
    for task in spec.tasks:
        pairs = plan.usable[task.title].pairs
        for metric, floor in (("best_constant", best_constant), ("copied_input", copied_input)):
            yield row(plan, spec, task.title, metric, floor(pairs, task.judged, whole=whole))


def _accuracy(answers: list[Answer]) -> float:
    return sum(answer.right for answer in answers) / len(answers)


def _labels_right(plan: Plan, spec: FewShot, task: LanguageTask, labels: Labels, most: int) -> float:
    asked = plan.usable[task.title].pairs
    shares = [
        right_share(
            draw_sets(task.pairs(), asked, stream_of(task, seed), spec.num_queries, spec.per_set, labels), asked, most
        )
        for seed in range(spec.num_seeds)
    ]
    return float(np.mean(shares))


def _shots_of(plan: Plan, task: str) -> set[int]:
    return {count for step in plan.steps if step.unit.task.title == task for count in step.shots}
