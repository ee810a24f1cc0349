"""What came out of a few-shot evaluation, in sentences."""

from icl_lab.report.fewshot.data import ALL, COMMON, FewShotResults
from icl_lab.report.fewshot.learned import VERDICTS, Learned, learned
from icl_lab.report.fewshot.shares import share
from icl_lab.report.fewshot.vector_table import vector_sentence
from icl_lab.report.labels import printable
from icl_lab.report.words import listed


def demonstrations(count: int) -> str:
    """A number of demonstrations, in words.

    >>> demonstrations(0), demonstrations(1), demonstrations(16)
    ('no demonstration', '1 demonstration', '16 demonstrations')
    """
    return "no demonstration" if count == 0 else f"{count} demonstration{'' if count == 1 else 's'}"


def question(found: FewShotResults) -> str:
    """What a page asks."""
    who = listed([printable(model) for model in found.models])
    return (
        f"Does {who} learn tasks on text from the prompt?"
        if len(found.models) == 1
        else f"Which learns tasks on text from the prompt: {who}?"
    )


def sentences(found: FewShotResults) -> list[str]:
    """What came out, a few sentences a model."""
    said = []
    for model in found.models:
        said += [_accuracy(found, model), *_learned(found, model), *vector_sentence(found, model)]
    if found.unfinished:
        said.append(f"It was stopped; not finished: {'; '.join(found.unfinished)}.")
    return said


def _accuracy(found: FewShotResults, model: str) -> str:
    metric, name = ("common_accuracy_mean", COMMON) if found.common else ("all_accuracy_mean", ALL)
    known = [shots for shots in found.shots if found.estimate(metric, model, name, shots)]
    if not known:
        return f"{printable(model)}: nothing has been measured."
    first, last = known[0], known[-1]
    tasks = found.count(metric, model, name, last)
    over = f"{tasks} task{'' if tasks == 1 else 's'}"
    if tasks < len(found.tasks):
        over = f"the {tasks} of {len(found.tasks)} tasks that have enough pairs for every number"
    said = (
        f"{printable(model)} is right in {share(found.estimate(metric, model, name, last))} of cases after"
        f" {demonstrations(last)}, mean over {over}"
    )
    if first == last:
        return f"{said}."
    before = f"after {demonstrations(first)}" if first else "with none"
    return f"{said}; {before} in {share(found.estimate(metric, model, name, first))}."


def _learned(found: FewShotResults, model: str) -> list[str]:
    """What became of each task after the most demonstrations that it has, and what a control takes from categories."""
    control = next(iter(found.controls), "")
    rows = learned(found, model, control)
    tasks = [row for row in rows if not row.is_mean]
    if not tasks:
        return []
    many = f"Of {'all ' if len(tasks) > 1 else ''}{len(tasks)} task{'' if len(tasks) == 1 else 's'}"
    parts = []
    for verdict in VERDICTS:
        names = [printable(row.name.replace("_", " ")) for row in tasks if row.verdict == verdict]
        if names:
            parts.append(f"{verdict}: {len(names)} ({listed(names)})")
    said = [f"{many}, each after the most demonstrations it has: {'; '.join(parts)}."]
    alone = [category for category in found.categories if [task.category for task in found.tasks].count(category) == 1]
    single = {task.name for task in found.tasks if task.category in alone}
    falls = [_fall(row) for row in rows if row.fall is not None and (row.is_mean or row.name in single)]
    if falls:
        said.append(f"What {control} labels take: {'; '.join(falls)}.")
    return said


def _fall(row: Learned) -> str:
    floor = ", to where it is no longer surely above the floor" if row.to_the_floor else ""
    return f"{share(row.fall)} from {row.name.replace('_', ' ')}{' tasks' if row.is_mean else ''}{floor}"
