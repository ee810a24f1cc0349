"""From counts of task vectors to records.

Metrics; `<kind>` is what was put in, `residual` or `state`; `step` is the patched layer, counted from 0; `shown` is the
number of demonstrations, of a vector those it was taken from:

* task_vector_unpatched_mean: share of right first tokens with nothing put in, without demonstrations and after them;
* task_vector_<kind>_mean: with a task's own vector, layer by layer; task_vector_<kind>_other_mean: with the vector of
  another task (`about`) in the same questions, layer by layer;
* task_vector_<kind>_crossfitted_mean: in the layer that did best on the other half of the sets (`crossfit.py`);
  task_vector_<kind>_crossfitted_half: of each half (`about`) alone, with its layer;
  task_vector_<kind>_other_crossfitted_mean: with the other task's vector in the layers that the own vector chose;
  task_vector_<kind>_other_best_mean: in the layers that the other task's vector chose in the same way;
* category_...: of all that goes layer by layer, and unpatched, the mean over the tasks of a category;
* all_...: of all others, and unpatched, the mean over all tasks with one layer for all of them, which does best in the
  mean over tasks on the other half. `num_prompts` of both counts tasks;
* all_task_vector_<kind>_short_mean: how much more often the same questions are right after the demonstrations than with
  the own vector in the chosen layers, with an interval of the difference.

A task with a single set has nothing to choose a layer on: it is in no `crossfitted` record and in no `all_` one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from icl_lab.core.records import Record
from icl_lab.language.asking.plan import Plan
from icl_lab.language.measures.crossfit import HALVES, Layers, SetCount, chosen_layers, half, scored
from icl_lab.language.measures.intervals import Measured, Sampled, difference_of_counts, mean_of, measured
from icl_lab.language.spec import FewShot
from icl_lab.language.task_vectors.measured import Counted
from icl_lab.language.task_vectors.patching import Kind
from icl_lab.language.task_vectors.questions import SHOTS

UNPATCHED = "task_vector_unpatched_mean"
ALL = "all tasks"


def vector_records(plan: Plan, spec: FewShot, counted: Sequence[Counted]) -> list[Record]:
    """All records of the task vectors of one model."""
    common = {"run": spec.digest(), "predictor": plan.model}
    kinds = list(dict.fromkeys(kind for one in counted for kind in one.own))
    curves = [record for one in counted for record in _curves(one, common)]
    found = [*curves, *_categories(curves, {one.task.title: one.task.group for one in counted})]
    able = [one for one in counted if one.has_halves]
    for kind in kinds:
        for one in able:
            layers = chosen_layers([one.own[kind]])
            found += _crossfitted([one], kind, layers, common, "", one.task.title)
        if able:
            layers = chosen_layers([one.own[kind] for one in able])
            found += _crossfitted(able, kind, layers, common, "all_", ALL)
    for shots in (0, SHOTS) if able else ():
        parts = [_measured(one.unpatched[shots]) for one in able]
        found.append(_record(common, f"all_{UNPATCHED}", ALL, mean_of(parts), shots, num_prompts=len(parts)))
    return found


def _curves(one: Counted, common: Mapping[str, Any]) -> list[Record]:
    """What goes layer by layer, and what nothing was put into."""
    title = one.task.title
    found = [_of_sets(common, UNPATCHED, title, sets, shots) for shots, sets in one.unpatched.items()]
    for kind, counts in one.own.items():
        metric = f"task_vector_{kind}_mean"
        found += [_of_sets(common, metric, title, sets, SHOTS, step=layer) for layer, sets in counts.items()]
    for kind, counts in one.others.items():
        metric = f"task_vector_{kind}_other_mean"
        found += [
            _of_sets(common, metric, title, sets, SHOTS, step=layer, about=one.other) for layer, sets in counts.items()
        ]
    return found


def _crossfitted(
    tasks: Sequence[Counted], kind: Kind, layers: Layers, common: Mapping[str, Any], prefix: str, title: str
) -> list[Record]:
    """The mean over tasks, or a task alone, in the layers of the two halves."""
    metric = f"{prefix}task_vector_{kind}"

    def over(name: str, sets: Sequence[Sequence[SetCount]], **more: Any) -> Record:
        number = len(sets) if prefix else sum(asked for _, asked in sets[0])
        mean = mean_of([_measured(one) for one in sets])
        return _record(common, f"{metric}_{name}", title, mean, SHOTS, num_prompts=number, **more)

    own = [scored(one.own[kind], layers) for one in tasks]
    found = [over("crossfitted_mean", own)]
    for which, layer in zip(HALVES, layers, strict=True):
        sets = [half(one, which) for one in own]
        found.append(over("crossfitted_half", sets, step=layer, about=f"half {which + 1}"))
    if all(kind in one.others for one in tasks):
        about, controls = "" if prefix else tasks[0].other, [one.others[kind] for one in tasks]
        for name, chosen in (("other_crossfitted_mean", layers), ("other_best_mean", chosen_layers(controls))):
            found.append(over(name, [scored(one, chosen) for one in controls], about=about))
    if prefix:
        pairs = zip((one.unpatched[SHOTS] for one in tasks), own, strict=True)
        short = mean_of([difference_of_counts(shown, told) for shown, told in pairs])
        found.append(_record(common, f"{metric}_short_mean", title, short, SHOTS, num_prompts=len(own)))
    return found


def _categories(curves: Sequence[Record], groups: Mapping[str, str]) -> list[Record]:
    """Means over the tasks of a category, layer by layer."""
    cells: dict[tuple[str, str, str, int | None, int | None], list[Record]] = {}
    for one in curves:
        cells.setdefault((one.predictor, one.metric, groups[one.task], one.shown, one.step), []).append(one)
    return [
        Record(
            run=members[0].run, predictor=predictor, task=group, metric=f"category_{metric}",
            value=float(np.mean([one.value for one in members])), shown=shown, step=layer, num_prompts=len(members),
        )
        for (predictor, metric, group, shown, layer), members in cells.items()
    ]  # fmt: skip


def _of_sets(
    common: Mapping[str, Any], metric: str, task: str, sets: Sequence[SetCount], shots: int, **more: Any
) -> Record:
    return _record(common, metric, task, _measured(sets), shots, num_prompts=sum(asked for _, asked in sets), **more)


def _record(common: Mapping[str, Any], metric: str, task: str, found: Sampled, shots: int, **more: Any) -> Record:
    low, high = found.ends
    return Record(**common, task=task, metric=metric, value=found.value, low=low, high=high, shown=shots, **more)


def _measured(sets: Sequence[SetCount]) -> Measured:
    return measured([right for right, _ in sets], [asked for _, asked in sets])
