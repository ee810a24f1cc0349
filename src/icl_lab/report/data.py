"""The folder of a comparison: `comparison.json`, what was asked and how, and `records.jsonl`, what came out.

`comparison.json` is an object with the keys of `Comparison`, `predictors` being a list of objects with the keys of
`Entry`; unknown keys are ignored. `records.jsonl` holds `core.records.Record` rows, of which the page reads

    <metric>, <metric>_mean, relative_error_mean, icl_score_mean, excess_error_mean, examples_to_half_mean,
    score_gap_mean, icl_score_over_seeds, zero_error, refused      as `evaluation/scores.py` writes and describes them
    loss                  training loss, with `step` and `seed`
    seconds               training time so far, with the same `step` and `seed`; without it, no curve against time
    training_seconds      training time in all, with `seed`
    parameters, state_size, flops_per_prompt, ms_per_prompt         as `evaluation/cost.py` writes them

Everything is optional: what has no rows is left out. Rows with a `shift` become a figure for each shift.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

import polars as pl

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import read_json, write_json
from icl_lab.core.records import SCHEMA, read_records

COMPARISON, RECORDS = "comparison.json", "records.jsonl"
WORDS = ("complement", "scale", "reduced", "task_formula", "task_source", "question")
Kind = Literal["model", "baseline", "oracle"]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One predictor of a comparison.

    Args:
        label: Its name in the records.
        kind: How it is drawn: `"model"`, `"baseline"` or `"oracle"`.
        spec: The exact spec, as JSON.
        training: The exact training spec, as JSON; empty for what is not trained.
        formula: What it computes, in one line.
        source: Where it comes from.
    """

    label: str
    kind: Kind
    spec: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    formula: str = ""
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What a page is made of.

    Args:
        task: The task's exact spec, as JSON with its name under `"task"`.
        metric: The task's metric, the name of the learning-curve rows.
        predictors: In the order in which colours are given.
        scale: `"smoke"`, `"small"` or `"paper"`.
        seeds: Training seeds.
        complement: Name of 1 - error, where the error is a share of wrong answers; empty otherwise.
        axis: What the points of a learning curve count.
        refused: Shift -> label -> why that predictor could not read these prompts.
        reduced: What was reduced against the published sizes, in words.
        settings: Anything else that was set (prompts, evaluation seed, budget ...), name -> value, shown as it is.
        environments: For each machine that took part, name -> value: versions, commit, device, threads.
        task_formula: What the task samples, in one line.
        task_source: Where the task comes from.
        question: The page's title; made from task and predictors when empty.
        records: The rows; not part of `comparison.json`.
    """

    task: Mapping[str, Any]
    metric: str
    predictors: tuple[Entry, ...]
    complement: str = ""
    axis: str = "examples in the prompt"
    refused: Mapping[str, Any] = field(default_factory=dict)
    scale: str = ""
    seeds: tuple[int, ...] = (0,)
    reduced: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    environments: tuple[Mapping[str, Any], ...] = ()
    task_formula: str = ""
    task_source: str = ""
    question: str = ""
    records: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SCHEMA), repr=False, compare=False)

    @property
    def kinds(self) -> dict[str, Kind]:
        """Label -> kind, in order."""
        return {entry.label: entry.kind for entry in self.predictors}

    @property
    def length(self) -> int | None:
        """Examples in a training prompt, where the task says so."""
        length = self.task.get("length")
        return length if isinstance(length, int) else None

    def rows(self, metric: str, shift: str = "") -> pl.DataFrame:
        """The records of one metric under one shift, in the order they were written."""
        return self.records.filter((pl.col("metric") == metric) & (pl.col("shift") == shift))

    def shifts(self) -> list[str]:
        """The shifts that have learning curves, in the order they were evaluated."""
        rows = self.records.filter((pl.col("metric") == f"{self.metric}_mean") & (pl.col("shift") != ""))
        return rows["shift"].unique(maintain_order=True).to_list()


def write_comparison(folder: Path, comparison: Comparison) -> None:
    """Write `comparison.json`; the records are appended by whoever measures."""
    data = {name: getattr(comparison, name) for name in _names(Comparison) if name != "records"}
    data["predictors"] = [asdict(entry) for entry in comparison.predictors]
    write_json(folder / COMPARISON, data)


def read_comparison(folder: Path) -> Comparison:
    """Read a comparison and its records.

    Raises:
        UserError: There is no comparison in the folder.
        DamagedFile: A file cannot be read, or a key is missing or of the wrong type.
    """
    path = folder / COMPARISON
    if not path.is_file():
        raise UserError(f"no comparison in {folder}: expected {COMPARISON} there, as `icl compare` writes it")
    if not (folder / RECORDS).is_file():
        raise UserError(f"no {RECORDS} in {folder}: there is nothing to draw; `icl compare` into it makes it anew")
    data = _object(path, "the file", read_json(path))
    entries = _typed(path, data, "predictors", list, required=True)
    predictors = tuple(_entry(path, _object(path, f"predictors[{i}]", item)) for i, item in enumerate(entries))
    labels = [entry.label for entry in predictors]
    if not predictors or len(set(labels)) != len(labels):
        raise _damaged(path, f"'predictors' must be one or more, each label once, not {labels}")
    seeds = _typed(path, data, "seeds", list, [0])
    if not all(isinstance(seed, int) for seed in seeds):
        raise _damaged(path, f"'seeds' must be integers, not {seeds}")
    machines = _typed(path, data, "environments", list, [])
    words = {key: _typed(path, data, key, str, "") for key in WORDS}
    return Comparison(
        task=_typed(path, data, "task", dict, required=True),
        metric=_typed(path, data, "metric", str, required=True),
        predictors=predictors,
        axis=_typed(path, data, "axis", str, "examples in the prompt"),
        refused=_typed(path, data, "refused", dict, {}),
        seeds=tuple(seeds),
        settings=_typed(path, data, "settings", dict, {}),
        environments=tuple(_object(path, f"environments[{i}]", item) for i, item in enumerate(machines)),
        records=read_records(folder / RECORDS),
        **words,
    )


def _entry(path: Path, data: Mapping[str, Any]) -> Entry:
    kind = _typed(path, data, "kind", str, required=True)
    if kind not in get_args(Kind):
        raise _damaged(path, f"'kind' must be one of {', '.join(get_args(Kind))}, not {kind!r}")
    return Entry(
        label=_typed(path, data, "label", str, required=True),
        kind=kind,
        spec=_typed(path, data, "spec", dict, {}),
        training=_typed(path, data, "training", dict, {}),
        formula=_typed(path, data, "formula", str, ""),
        source=_typed(path, data, "source", str, ""),
    )


def _typed(
    path: Path, data: Mapping[str, Any], key: str, kind: type, default: Any = None, *, required: bool = False
) -> Any:
    if key not in data:
        if required:
            raise _damaged(path, f"the key {key!r} is missing")
        return default
    value = data[key]
    if not isinstance(value, kind):
        raise _damaged(path, f"{key!r} must be {_KINDS[kind]}, not {value!r:.60}")
    return value


_KINDS: dict[type, str] = {str: "text", list: "a list", dict: "an object"}


def _object(path: Path, where: str, data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise _damaged(path, f"{where} must be an object, not {data!r:.60}")
    return data


def _damaged(path: Path, trouble: str) -> DamagedFile:
    return DamagedFile(path, trouble, "correct it, or move it away and compare again")


def _names(kind: type) -> list[str]:
    return [item.name for item in fields(kind)]
