"""From answers to records: accuracies of tasks, of categories, and of the tasks that have enough pairs throughout.

Metrics of records; `shown` is the number of demonstrations, `shift` the labels where they are not the true ones:
* accuracy: of a task and a seed; accuracy_mean: over all seeds, with its interval;
* category_accuracy_mean: mean over the tasks of a category; `num_prompts` counts the tasks. all_accuracy_mean: over all
  tasks that have enough pairs; common_accuracy_mean: over those that have enough for every number asked;
* labels_right: share of the labels of a control that are right all the same, in the longest prompts;
* most_common_output: share of a task's most common output, which is what always saying it would score.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from icl_lab.core.records import Record
from icl_lab.language.asking.answers import read_unit
from icl_lab.language.asking.one_task import Answer
from icl_lab.language.asking.plan import Plan
from icl_lab.language.base import LanguageTask
from icl_lab.language.measures.intervals import Measured, mean_of, measured
from icl_lab.language.prompts.draws import Labels, draw_sets, right_share
from icl_lab.language.spec import FewShot, stream_of

Key = tuple[str, Labels, int]
"""Task, labels, demonstrations."""


def records_of(plan: Plan, spec: FewShot, folder: Path) -> list[Record]:
    """All records of one model."""
    answers = {
        (step.unit.task.title, step.unit.labels, step.unit.seed): read_unit(step.unit.path(folder, spec))
        for step in plan.steps
    }
    run = spec.digest()
    found: list[Record] = []
    accuracies: dict[Key, Measured] = {}
    for task in spec.tasks:
        for labels in spec.labels_of(task):
            seeds = [answers[task.title, labels, seed] for seed in range(spec.num_seeds)]
            for count in spec.shots:
                if all(count in one for one in seeds):
                    key = task.title, labels, count
                    found += _of_task(plan, run, key, [one[count] for one in seeds], accuracies)
            if labels != "true" and (most := max(_shots_of(plan, task.title), default=0)):
                kept = _labels_right(plan, spec, task, labels, most)
                found.append(
                    Record(run=run, predictor=plan.model, task=task.title, metric="labels_right", value=kept,
                           shown=most, shift=labels)
                )  # fmt: skip
        share = _most_common(plan, task.title)
        found.append(Record(run=run, predictor=plan.model, task=task.title, metric="most_common_output", value=share))
    return found + list(_groups(plan, spec, run, accuracies))


def common_tasks(spec: FewShot, plans: Mapping[str, Plan], most: int | None = None) -> tuple[str, ...]:
    """The tasks that have enough pairs for every number of demonstrations, whoever is asked."""
    wanted = [count for count in spec.shots if most is None or count <= most]
    return tuple(
        task.title for task in spec.tasks if all(set(wanted) <= _shots_of(plan, task.title) for plan in plans.values())
    )


def _of_task(
    plan: Plan, run: str, key: Key, seeds: list[list[Answer]], accuracies: dict[Key, Measured]
) -> Iterator[Record]:
    task, labels, count = key
    shift = "" if labels == "true" else labels
    for seed, answers in enumerate(seeds):
        yield Record(
            run=run, predictor=plan.model, task=task, metric="accuracy", value=_accuracy(answers),
            shown=count, seed=seed, shift=shift, num_prompts=len(answers),
        )  # fmt: skip
    pooled = [answer for answers in seeds for answer in answers]
    sets = _sets(seeds)
    accuracies[key] = found = measured([sum(one) for one in sets], [len(one) for one in sets])
    low, high = found.ends
    yield Record(
        run=run, predictor=plan.model, task=task, metric="accuracy_mean", value=found.value, low=low, high=high,
        shown=count, shift=shift, num_prompts=len(pooled),
    )  # fmt: skip


def _groups(plan: Plan, spec: FewShot, run: str, accuracies: Mapping[Key, Measured]) -> Iterator[Record]:
    common = common_tasks(spec, {plan.model: plan})
    groups: dict[tuple[str, str], list[str]] = {("all_accuracy_mean", "all tasks"): [task.title for task in spec.tasks]}
    groups["common_accuracy_mean", "common tasks"] = list(common)
    for task in spec.tasks:
        groups.setdefault(("category_accuracy_mean", task.group), []).append(task.title)
    for (metric, name), members in groups.items():
        # Under a control a mean is shown where all of its tasks are asked under it.
        asked = {task.title: spec.labels_of(task) for task in spec.tasks}
        for labels in (one for one in spec.labels if all(one in asked[member] for member in members)):
            for count in spec.shots:
                chosen = [accuracies[key] for task in members if (key := (task, labels, count)) in accuracies]
                # A category is shown as far as all of its tasks go, so that its line has one meaning.
                if not chosen or (metric == "category_accuracy_mean" and len(chosen) < len(members)):
                    continue
                mean = mean_of(chosen)
                low, high = mean.ends
                yield Record(
                    run=run, predictor=plan.model, task=name, metric=metric,
                    value=mean.value, low=low, high=high,
                    shown=count, shift="" if labels == "true" else labels, num_prompts=len(chosen),
                )  # fmt: skip


def _accuracy(answers: list[Answer]) -> float:
    return sum(answer.right for answer in answers) / len(answers)


def _sets(seeds: list[list[Answer]]) -> list[list[bool]]:
    found: dict[tuple[int, int], list[bool]] = {}
    for seed, answers in enumerate(seeds):
        for answer in answers:
            found.setdefault((seed, answer.set), []).append(answer.right)
    return list(found.values())


def _most_common(plan: Plan, task: str) -> float:
    outputs = [pair.output for pair in plan.usable[task].pairs]
    return max(outputs.count(one) for one in set(outputs)) / len(outputs)


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
