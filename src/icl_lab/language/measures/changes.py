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

from icl_lab.core.records import Record
from icl_lab.language.asking.one_task import Answer
from icl_lab.language.asking.plan import Plan
from icl_lab.language.measures.intervals import Contrast, Measured, Sampled, contrast, mean_of, measured
from icl_lab.language.prompts.draws import Labels
from icl_lab.language.spec import FewShot

Asked = dict[tuple[str, Labels, int], list[list[Answer]]]
"""Task, labels, demonstrations -> of each seed the answers."""


def changes(plan: Plan, spec: FewShot, asked: Asked) -> Iterator[Record]:
    """The records of every rise and fall that can be told."""

    def record(task: str, metric: str, found: Sampled, shown: int | None, **more: object) -> Record:
        low, high = found.ends
        return Record(
            run=spec.digest(), predictor=plan.model, task=task, metric=metric, value=found.value, low=low, high=high,
            shown=shown, **more,  # type: ignore[arg-type]
        )  # fmt: skip

    groups: dict[tuple[str, str, str], list[Sampled]] = {}
    for task in spec.tasks:
        true = sorted(count for title, labels, count in asked if (title, labels) == (task.title, "true"))
        if len(true) < 2:
            continue
        before, after = asked[task.title, "true", true[0]], asked[task.title, "true", true[-1]]
        rise = change((after, 1.0), (before, -1.0))
        yield record(task.title, "accuracy_rise", rise, true[-1], step=true[0])
        parts: list[tuple[str, str, Sampled]] = [
            ("rise", "", rise), ("fewest", "", accuracy(before)), ("most", "", accuracy(after)),
        ]  # fmt: skip
        for labels in (one for one in spec.labels if one != "true"):
            for count in (count for count in true if (task.title, labels, count) in asked):
                wrong = asked[task.title, labels, count]
                fall = change((asked[task.title, "true", count], 1.0), (wrong, -1.0))
                yield record(task.title, "accuracy_fall", fall, count, shift=labels)
                if count == true[-1]:
                    over = change((after, 0.5), (before, 0.5), (wrong, -1.0))
                    yield record(task.title, "accuracy_fall_over_half", over, count, shift=labels)
                    parts += [("fall", labels, fall), ("fall_over_half", labels, over)]
                    parts.append(("most", labels, accuracy(wrong)))
        for what, shift, found in parts:
            groups.setdefault((task.group, f"category_accuracy_{what}", shift), []).append(found)
    for (group, metric, shift), members in groups.items():
        if len(members) == sum(task.group == group for task in spec.tasks):
            yield record(group, metric, mean_of(members), None, shift=shift, num_prompts=len(members))


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
