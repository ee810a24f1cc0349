"""What a command line of `icl fewshot` asks for, as values."""

from pathlib import Path
from typing import get_args

from icl_lab.cli.settings import numbers
from icl_lab.core.errors import UserError, suggest
from icl_lab.core.short_form import from_short, split
from icl_lab.language.base import CATEGORIES, LANGUAGE_TASKS, Category, LanguageTask
from icl_lab.language.pairs.listed import ListedTask
from icl_lab.language.prompts.draws import LABELS, Labels
from icl_lab.language.prompts.templates import read_template
from icl_lab.language.spec import REPORTED, Answers, FewShot
from icl_lab.language.tasks.csv_file import CsvFile

CONTROLLED: Category = "knowledge"
"""Tasks that are asked with shuffled labels at every number of demonstrations where nothing is said: no label tells
what a capital is called. Others are asked with them at the most demonstrations."""


def fewshot_spec(
    *,
    tasks: str,
    shots: str,
    queries: int,
    seeds: int,
    controls: str | None,
    per_set: int,
    template: str,
    answers: str,
    pairs: Path | None,
) -> FewShot:
    """What a command line asks, with every name and number checked before a model is loaded.

    Arguments are as `icl fewshot --help` says them.

    Raises:
        UserError: A name is not known, or a number, template or list of pairs cannot be used.
    """
    if answers not in get_args(Answers):
        raise UserError(f"--answers: expected {' or '.join(get_args(Answers))}, got {answers!r}")
    chosen = tasks_of(tasks, pairs)
    for task in chosen:
        task.pairs()
    controlled = CATEGORIES
    if controls is None:
        controlled = (CONTROLLED,)
        controls = "shuffled"
    return FewShot(
        tasks=chosen,
        shots=numbers("--shots", shots, 0, "numbers of demonstrations with commas, as in 0,1,2,4,8"),
        num_queries=queries,
        per_set=per_set,
        num_seeds=seeds,
        labels=_labels(controls),
        controlled=controlled,
        template=read_template(template),
        answers=answers,  # type: ignore[arg-type]
    )


def tasks_of(text: str, pairs: Path | None = None) -> tuple[LanguageTask, ...]:
    """The tasks that a command line names."""
    found: list[LanguageTask] = []
    for name in split(text):
        if name == "reported":
            found += [LANGUAGE_TASKS.get(one)() for one in REPORTED]
        elif name == "all":
            found += [LANGUAGE_TASKS.get(one)() for one in LANGUAGE_TASKS.names() if one != "csv_file"]
        elif name.endswith(".csv"):
            found.append(CsvFile(path=name))
        else:
            found.append(from_short(LANGUAGE_TASKS, name))
    if not found:
        raise UserError("--tasks: expected names from `icl list language_task`, CSV files, reported or all")
    unique = tuple(dict.fromkeys(found))
    if pairs is None:
        return unique
    if not pairs.is_dir():
        raise UserError(f"--pairs: no folder {pairs}; `icl fewshot import-hendel DIR --out {pairs}` writes one")
    # Lists that are not in the folder stay ours.
    return tuple(
        task.replace(folder=str(pairs))
        if isinstance(task, ListedTask) and (pairs / f"{task.name}.csv").is_file()
        else task
        for task in unique
    )


def _labels(text: str) -> tuple[Labels, ...]:
    found: list[Labels] = ["true"]
    for name in split(text):
        if name == "none":
            continue
        if name not in LABELS or name == "true":
            raise UserError(f"--controls: unknown control {name!r}: {suggest(name, ('shuffled', 'random', 'none'))}")
        found += [label for label in LABELS if label == name and label not in found]
    return tuple(found)
