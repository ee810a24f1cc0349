"""What a folder of a few-shot evaluation holds, read back: models, tasks, records."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import read_json
from icl_lab.core.records import has_records, read_records
from icl_lab.report.estimate import Estimate

FEWSHOT, RECORDS = "fewshot.json", "records.jsonl"
ALL, COMMON = "all tasks", "common tasks"
PUBLISHED_SHOTS = 5
FEW_PAIRS = 70

Key = tuple[str, str, str, str, int | None]


@dataclass(frozen=True)
class TextTask:
    """A task as the page tells it.

    Args:
        name: Of the task.
        category: Its category.
        sentence: What it asks.
        source: Where its pairs come from.
        listed: How many pairs there are.
        asked: Model -> how many of them it was asked.
        prompt: A prompt with a few demonstrations.
        judged: When an answer is right.
    """

    name: str
    category: str
    sentence: str
    source: str
    listed: int
    asked: Mapping[str, int]
    prompt: str
    judged: str


@dataclass(frozen=True)
class FewShotResults:
    """A few-shot evaluation.

    Args:
        models: Names, in order.
        notes: Model -> what is known of it.
        tasks: In the order of their categories.
        common: Tasks that have enough pairs for every number of demonstrations and every model.
        published: The paper that published numbers are from.
        spec: What was asked, as JSON.
        records: Rows with the columns of `Record`.
        unfinished: What was asked for and is not here, because it was stopped.
    """

    models: tuple[str, ...]
    notes: Mapping[str, Mapping[str, Any]]
    tasks: tuple[TextTask, ...]
    common: tuple[str, ...]
    published: str
    spec: Mapping[str, Any]
    records: pl.DataFrame
    unfinished: tuple[str, ...] = ()

    @property
    def shots(self) -> tuple[int, ...]:
        """Numbers of demonstrations."""
        return tuple(self.spec["shots"])

    @property
    def controls(self) -> tuple[str, ...]:
        """Labels other than the true ones."""
        return tuple(label for label in self.spec["labels"] if label != "true")

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories, in order."""
        return tuple(dict.fromkeys(task.category for task in self.tasks))

    @cached_property
    def _index(self) -> dict[Key, tuple[Any, ...]]:
        columns = ("metric", "predictor", "task", "shift", "shown", "value", "low", "high", "num_prompts")
        return {row[:5]: row[5:] for row in self.records.select(columns).iter_rows()}

    def estimate(self, metric: str, model: str, task: str, shown: int | None, shift: str = "") -> Estimate | None:
        """One number with its interval; none where there is none."""
        found = self._index.get((metric, model, task, shift, shown))
        return Estimate(*found[:3]) if found else None

    def value(self, metric: str, model: str, task: str, shown: int | None, shift: str = "") -> float | None:
        """The number alone."""
        found = self._index.get((metric, model, task, shift, shown))
        return found[0] if found else None

    def floor(self, model: str, task: str) -> float:
        """What a task scores without being learned: always saying one thing, or saying the input."""
        return max(self.value(metric, model, task, None) or 0.0 for metric in ("best_constant", "copied_input"))

    def count(self, metric: str, model: str, task: str, shown: int, shift: str = "") -> int:
        """What a number is a mean of: prompts, or tasks; 0 where there is none."""
        found = self._index.get((metric, model, task, shift, shown))
        return found[3] or 0 if found else 0

    def published_models(self) -> tuple[str, ...]:
        """Models with published accuracies on these tasks, in the paper's order."""
        rows = self.records.filter(pl.col("metric") == "published_accuracy")
        return tuple(rows["predictor"].unique(maintain_order=True))

    @property
    def box_shots(self) -> int:
        """The number of demonstrations that is laid beside the published five: five, or the nearest that was asked."""
        return min(self.shots, key=lambda count: (abs(count - PUBLISHED_SHOTS), count))


def read_fewshot(folder: Path) -> FewShotResults:
    """Read the folder that `icl fewshot` wrote.

    Raises:
        UserError: There is no few-shot evaluation in it.
        DamagedFile: A file cannot be read, or something is missing in it.
    """
    path = folder / FEWSHOT
    if not path.is_file() or not has_records(folder / RECORDS):
        raise UserError(
            f"no few-shot evaluation in {folder}: expected {FEWSHOT} and {RECORDS}.gz, as `icl fewshot` writes them"
        )
    data = read_json(path)
    try:
        found = FewShotResults(
            models=tuple(model["name"] for model in data["models"]),
            notes={model["name"]: model for model in data["models"]},
            tasks=tuple(_task(task) for task in data["tasks"]),
            common=tuple(data["common"]),
            published=str(data["published"]),
            spec=data["spec"],
            records=read_records(folder / RECORDS),
            unfinished=tuple(map(str, data.get("unfinished", ()))),
        )
        _check(found)
        return found
    except (KeyError, TypeError, AttributeError, ValueError) as trouble:
        if isinstance(trouble, UserError):
            raise
        raise DamagedFile(path, f"something is missing ({trouble})", "`icl fewshot` into it makes it anew") from None


def _check(found: FewShotResults) -> None:
    spec = found.spec
    if not found.models or not found.tasks:
        raise ValueError("models and tasks")
    for name in ("shots", "labels"):
        if not isinstance(spec[name], list) or not spec[name]:
            raise ValueError(name)
    if not all(type(count) is int for count in spec["shots"]) or not all(
        isinstance(one, str) for one in spec["labels"]
    ):
        raise ValueError("numbers of shots, names of labels")
    if not isinstance(spec["template"]["line"], str) or not {"num_queries", "num_seeds", "per_set", "answers"} <= set(
        spec
    ):
        raise ValueError("how it was asked")
    texts = (
        text for task in found.tasks for text in (task.name, task.category, task.sentence, task.source, task.prompt)
    )
    if not all(isinstance(text, str) for text in (*texts, *found.models, *found.common)):
        raise ValueError("names of models and tasks")
    if not all(set(found.models) <= set(task.asked) and type(task.listed) is int for task in found.tasks):
        raise ValueError("numbers of pairs")


def _task(data: Mapping[str, Any]) -> TextTask:
    return TextTask(**{name: data[name] for name in TextTask.__dataclass_fields__})
