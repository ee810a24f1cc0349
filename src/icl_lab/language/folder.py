"""The folder of a few-shot evaluation: what was asked, and all records, ours and published.

`fewshot.json` says what was asked, `records.jsonl.gz` holds the numbers, `answers/` every answer.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from icl_lab.core.files import write_json
from icl_lab.core.records import Record, write_records
from icl_lab.language.asking.one_task import example_prompt
from icl_lab.language.asking.plan import Plan
from icl_lab.language.base import CATEGORIES, LanguageTask
from icl_lab.language.measures.summary import common_tasks, records_of
from icl_lab.language.spec import FewShot
from icl_lab.published.language import ONE_ANSWER, PAPER, published_accuracies, published_means

FEWSHOT, RECORDS = "fewshot.json", "records.jsonl"
FORMAT = 1
EXAMPLE_SHOTS = 2


def write_results(
    folder: Path,
    spec: FewShot,
    plans: Mapping[str, Plan],
    notes: Mapping[str, Mapping[str, Any]],
    more: Sequence[Record] = (),
    *,
    unfinished: Sequence[str] = (),
    answers: Path | None = None,
) -> None:
    """Write what was asked and every number of it, published ones included; whatever stood there is replaced.

    Args:
        folder: Of the evaluation.
        spec: What was asked.
        plans: Model name -> what it was asked.
        notes: Model name -> what a page says of it: sizes, licence, versions.
        more: Records of what else was measured, such as task vectors.
        unfinished: What was asked for and is not in it, where it was stopped.
        answers: The folder with the answers, where it is another one.
    """
    records = [record for plan in plans.values() for record in records_of(plan, spec, answers or folder)]
    own = {task.title for task in spec.tasks if task.published}  # a file of the user's may bear the same title
    write_records(folder / RECORDS, [*records, *more, *published_records(own)], compressed=True)
    write_json(
        folder / FEWSHOT,
        {
            "format": FORMAT,
            "models": [{"name": name, **notes.get(name, {})} for name in plans],
            "tasks": [_task(task, spec, plans) for task in sorted(spec.tasks, key=_order)],
            "common": list(common_tasks(spec, plans)),
            "published": PAPER,
            "spec": spec.to_json(),
            **({"unfinished": list(unfinished)} if unfinished else {}),
        },
    )


def published_records(tasks: set[str]) -> list[Record]:
    """Published numbers of these tasks, of the means over all tasks of the paper, and of its lists.

    `published_one_answer` is the share of pairs of a published list that have one and the same output.
    """
    cells = [
        Record(
            run="published", predictor=one.model, task=one.task, metric="published_accuracy", value=one.value,
            shown=one.shots, num_prompts=one.prompts,
        )
        for one in published_accuracies() if one.task in tasks
    ]  # fmt: skip
    means = [
        Record(
            run="published", predictor=one.model, task=name, metric=metric, value=value, low=low, high=high,
            shown=one.shots, num_prompts=count,
        )
        for one in published_means()
        for name, metric, value, low, high, count in (
            ("all tasks", "published_all_mean", one.value, one.low, one.high, one.tasks),
            ("common tasks", "published_common_mean", one.common, None, None, 6),
        )
    ]  # fmt: skip
    lists = [
        Record(run="published", predictor="published lists", task=task, metric="published_one_answer", value=value)
        for task, value in ONE_ANSWER.items() if task in tasks
    ]  # fmt: skip
    return cells + means + lists


def _order(task: LanguageTask) -> int:
    return CATEGORIES.index(task.group)


def _task(task: LanguageTask, spec: FewShot, plans: Mapping[str, Plan]) -> dict[str, Any]:
    first = next(iter(plans.values())).usable[task.title]
    return {
        "name": task.title,
        "category": task.group,
        "sentence": (type(task).__doc__ or "").split("\n")[0],
        "published": task.published,
        "source": task.source,
        "judged": task.judged,
        "listed": first.listed,
        "asked": {name: len(plan.usable[task.title].pairs) for name, plan in plans.items()},
        "prompt": example_prompt(task, first, spec, EXAMPLE_SHOTS),
    }
