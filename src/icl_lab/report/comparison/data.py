"""The folder of a comparison: `comparison.json`, what was asked and how, and `records.jsonl`, what came out.

`comparison.json` is an object with the keys of `Comparison`, `predictors` being a list of objects with the keys of
`Entry`; unknown keys are ignored. `records.jsonl` holds `core.records.Record` rows, of which the page reads

    <metric>, <metric>_mean, <complement>_mean, relative_error_mean, icl_score_mean, excess_error_mean,
    examples_to_half_mean, score_gap_mean, difference_mean, icl_score_over_seeds, score_gap_over_seeds,
    difference_over_seeds, zero_error, independent_draws, asked_points, refused
                          as `evaluation/scores.py` writes and describes them
    paired_difference     as `evaluation/contrasts.py` does; read by studies only
    state_norm            as `evaluation/state_norm.py` does
    published_<figure>    points of the published curves that `comparison.json` names
    loss                  training loss, with `step` and `seed`
    seconds               training time so far, with the same `step` and `seed`; without it, no curve against time
    training_seconds      training time in all, with `seed`
    parameters, state_size, flops_per_prompt, ms_per_prompt         as `evaluation/cost.py` writes them

Everything is optional: what has no rows is left out. Every `shift` with rows has its panel, `length=...` its figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from icl_lab.core.records import SCHEMA
from icl_lab.report.words import EXAMPLES, Measure

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
        knows: Of an oracle: what it knows of each prompt that no other predictor is told.
        kernels: Of a model: which kernels it ran on when it was evaluated and timed.
    """

    label: str
    kind: Kind
    spec: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    formula: str = ""
    source: str = ""
    knows: str = ""
    kernels: str = ""


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published curve that is drawn beside ours; its points are rows of the metric `published_<figure>`.

    Args:
        predictor: Whose curve it is, as ours is called.
        shift: Under which it was measured; empty for none.
        figure: Where it was shown, in one word.
        source: Where it comes from and how its numbers became those of the rows.
        exact: Whether it is no paper's curve but the exact line, computed independently.
    """

    predictor: str
    shift: str
    figure: str
    source: str = ""
    exact: bool = False


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
        published: The published curves that are drawn beside ours.
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
    axis: str = EXAMPLES
    refused: Mapping[str, Any] = field(default_factory=dict)
    published: tuple[Published, ...] = ()
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

    def number(self, metric: str, label: str, shift: str = "") -> float | None:
        """A single number of a predictor under a shift, the last one written; none where there is none."""
        values = self.rows(metric, shift).filter(pl.col("predictor") == label)["value"]
        return float(values[-1]) if len(values) and values[-1] is not None else None

    def training_seconds(self, label: str) -> float | None:
        """Of a model's fastest training: what else the machine does makes them slower, never faster."""
        seconds = self.rows("training_seconds").filter(pl.col("predictor") == label)["value"].drop_nulls()
        return min(seconds, default=None)

    @property
    def measure(self) -> Measure:
        """What the curves show."""
        return Measure(self.metric, self.complement, self.axis)

    def shifts(self) -> list[str]:
        """The changes of the prompts that have learning curves, in the order they were evaluated."""
        return [shift for shift in self._shifted() if not is_length(shift)]

    def lengths(self) -> list[str]:
        """The longer contexts that have learning curves, likewise."""
        return [shift for shift in self._shifted() if is_length(shift)]

    def _shifted(self) -> list[str]:
        curves = pl.col("metric").is_in([f"{self.metric}_mean", "refused"])
        rows = self.records.filter(curves & (pl.col("shift") != ""))
        return rows["shift"].unique(maintain_order=True).to_list()


def is_length(shift: str) -> bool:
    """Whether a shift is a longer context."""
    return shift.startswith("length=")
