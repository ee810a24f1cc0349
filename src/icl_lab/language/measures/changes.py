"""How much accuracy changes: from the fewest demonstrations to the most, and when their labels are replaced.

The same queries are asked each time, so what is measured is the change query by query (`intervals.contrast`).

Metrics of records:
* accuracy_rise: accuracy after `shown` demonstrations, the most of the task, less that after `step`, the fewest;
* accuracy_fall: accuracy with true labels less that with those of the control `shift`, after `shown` demonstrations;
* accuracy_fall_over_half: that fall less half of the rise, after the most: above zero where more than half is lost;
* category_accuracy_...: means of these over the tasks of a category, each after the most demonstrations that it has;
  category_accuracy_fewest, category_accuracy_most: the accuracies that rises and falls are differences of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from icl_lab.core.records import Record
from icl_lab.language.asking.one_task import Answer
from icl_lab.language.asking.plan import Plan
from icl_lab.language.measures.intervals import Contrast, Measured, Sampled, contrast, mean_of, measured
from icl_lab.language.measures.rows import row
from icl_lab.language.prompts.draws import Labels
from icl_lab.language.spec import FewShot

Asked = dict[tuple[str, Labels, int], list[list[Answer]]]
"""Task, labels, demonstrations -> of each seed the answers."""


@dataclass(frozen=True)
class _Told:
    """A number of one task.

    Args:
        what: Its name, as the metrics above end.
        found: The number.
        shown: After how many demonstrations; none for the accuracies that rises and falls are differences of, which are
            records of the task already.
        step: The fewest demonstrations, for a rise.
        shift: The labels that stand in for the true ones; empty for none.
        averaged: Whether it enters the mean over the tasks of its category.
    """

    what: str
    found: Sampled
    shown: int | None = None
    step: int | None = None
    shift: str = ""
    averaged: bool = True


def changes(plan: Plan, spec: FewShot, asked: Asked) -> Iterator[Record]:
    """The records of every rise and fall that can be told."""
    groups: dict[tuple[str, str, str], list[Sampled]] = {}
    for task in spec.tasks:
        for one in _of_task(task.title, spec, asked):
            if one.shown is not None:
                where = {"shown": one.shown, "step": one.step, "shift": one.shift}
                yield row(plan, spec, task.title, f"accuracy_{one.what}", one.found, **where)
            if one.averaged:
                groups.setdefault((task.group, f"category_accuracy_{one.what}", one.shift), []).append(one.found)
    for (group, metric, shift), members in groups.items():
        if len(members) == sum(task.group == group for task in spec.tasks):
            yield row(plan, spec, group, metric, mean_of(members), shift=shift, num_prompts=len(members))


def _of_task(task: str, spec: FewShot, asked: Asked) -> Iterator[_Told]:
    """What changes in one task; nothing where it was asked with fewer than two numbers of demonstrations."""
    shots = sorted(count for title, labels, count in asked if (title, labels) == (task, "true"))
    if len(shots) < 2:
        return
    before, after = asked[task, "true", shots[0]], asked[task, "true", shots[-1]]
    yield _Told("rise", change((after, 1.0), (before, -1.0)), shown=shots[-1], step=shots[0])
    yield _Told("fewest", accuracy(before))
    yield _Told("most", accuracy(after))
    for labels in spec.labels:
        if labels != "true":
            yield from _falls(task, labels, shots, asked)


def _falls(task: str, labels: Labels, shots: Sequence[int], asked: Asked) -> Iterator[_Told]:
    """What a control takes, after each number of demonstrations that it was asked with."""
    most = shots[-1]
    for count in shots:
        if (wrong := asked.get((task, labels, count))) is not None:
            fall = change((asked[task, "true", count], 1.0), (wrong, -1.0))
            yield _Told("fall", fall, shown=count, shift=labels, averaged=count == most)
    if (wrong := asked.get((task, labels, most))) is not None:
        before, after = asked[task, "true", shots[0]], asked[task, "true", most]
        over = change((after, 0.5), (before, 0.5), (wrong, -1.0))
        yield _Told("fall_over_half", over, shown=most, shift=labels)
        yield _Told("most", accuracy(wrong), shift=labels)


def accuracy(seeds: Sequence[Sequence[Answer]]) -> Measured:
    """The accuracy of the answers of all seeds."""
    sets = _by_set(seeds).values()
    return measured([sum(one) for one in sets], [len(one) for one in sets])


def change(*parts: tuple[Sequence[Sequence[Answer]], float]) -> Contrast:
    """A sum of accuracies on the same queries, each with its weight: 1 and -1 for a difference."""
    sets = [(_by_set(seeds), weight) for seeds, weight in parts]
    return contrast(*(([one[key] for key in sets[0][0]], weight) for one, weight in sets))


def _by_set(seeds: Sequence[Sequence[Answer]]) -> dict[tuple[int, int], list[bool]]:
    """Whether answers are right, by seed and set of queries."""
    found: dict[tuple[int, int], list[bool]] = {}
    for seed, answers in enumerate(seeds):
        for answer in answers:
            found.setdefault((seed, answer.set), []).append(answer.right)
    return found
