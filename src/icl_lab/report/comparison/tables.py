"""Scores and costs as rows: for the page, for the terminal, as JSON, as a frame."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from icl_lab.report import words
from icl_lab.report.comparison.data import Comparison, Kind
from icl_lab.report.estimate import Estimate
from icl_lab.report.grid import Column, Grid, column
from icl_lab.report.labels import shortened
from icl_lab.report.words import Measure


@dataclass(frozen=True)
class Milestone:
    """A predictor after some number of examples.

    Args:
        shown: Examples before the query.
        relative_error: Error over the zero predictor's.
        excess_error: Error above the best baseline's, on the same prompts, in the unit of the metric.
        complement: 1 - error, for a task that counts right answers.
    """

    shown: int
    relative_error: Estimate
    excess_error: Estimate | None
    complement: Estimate | None = None

    @property
    def told(self) -> Estimate:
        """What tables tell of it: the complement where there is one, the relative error where not."""
        return self.complement or self.relative_error


@dataclass(frozen=True, kw_only=True)
class Row:
    """All numbers of one predictor; what was not measured is none."""

    predictor: str
    kind: Kind
    score: Estimate | None
    score_over_seeds: Estimate | None
    score_gap: Estimate | None
    score_gap_over_seeds: Estimate | None
    milestones: tuple[Milestone, ...] = field(default=())
    examples_to_half: Estimate | None
    asked_points: float | None
    trainings: int
    parameters: float | None
    state_size: float | None
    flops_per_prompt: float | None
    ms_per_prompt: float | None
    training_seconds: float | None
    kernels: str = ""


def score_rows(comparison: Comparison) -> list[Row]:
    """A row for each predictor: models by falling score, then baselines and oracles, by falling score as well."""
    rows = [_row(comparison, label, kind) for label, kind in comparison.kinds.items()]

    def rank(row: Row) -> tuple[bool, float]:
        score = None if row.score is None else row.score.value
        return row.kind != "model", float("inf") if score is None else -score

    return sorted(rows, key=rank)


def best_baseline(rows: list[Row]) -> Row | None:
    """The baseline or oracle that scores are relative to, whose own score is 1; none without them or scores."""
    scored = [row for row in rows if row.kind != "model" and row.score and row.score.value is not None]
    return max(scored, key=lambda row: _value(row.score), default=None)


def as_json(rows: list[Row]) -> list[dict[str, Any]]:
    """The rows as JSON values, nested as they are."""
    return [asdict(row) for row in rows]


def score_table(rows: list[Row], measure: Measure) -> Grid:
    """The scores for a terminal."""
    best, milestones, what = best_baseline(rows), milestones_of(rows), told_as(measure)
    columns = []
    if any(row.score for row in rows):
        columns.append(column("ICL score", (row.score or "-" for row in rows)))
    if any(row.score_over_seeds for row in rows):
        columns.append(column("over seeds", (row.score_over_seeds or "-" for row in rows)))
    found = [{milestone.shown: milestone for milestone in row.milestones} for row in rows]
    for shown in milestones:
        cells = (here[shown].told if shown in here else "-" for here in found)
        columns.append(column(f"{what},\n{measure.short_at(shown)}", cells))
    if best is not None and milestones:
        first = milestones[0]
        excess = (here[first].excess_error if first in here else None for here in found)
        head = f"error above\n{shortened_labels(rows)[best.predictor]},\n{measure.short_at(first)}"
        columns.append(column(head, (words.number(one.value) if one else "-" for one in excess)))
    return Grid(TITLE, _names(rows), tuple(columns), _dim(rows))


TITLE = "In-context learning, 90% intervals over prompts"


def shortened_labels(rows: list[Row]) -> dict[str, str]:
    """A short form of each predictor's name."""
    return shortened(row.predictor for row in rows)


def _names(rows: list[Row]) -> tuple[Column]:
    short = shortened_labels(rows)
    said = (short[row.predictor] + (" (oracle)" if row.kind == "oracle" else "") for row in rows)
    return (column("predictor", said, right=False),)


def _dim(rows: list[Row]) -> frozenset[int]:
    return frozenset(place for place, row in enumerate(rows) if row.kind != "model")


def told_as(measure: Measure) -> str:
    """What `Milestone.told` is: accuracy, or the error over the zero predictor's."""
    return words.plain(measure.complement) if measure.complement else "error / zero"


def cost_table(rows: list[Row]) -> Grid:
    """The costs for a terminal, of what has any (training: of the fastest one), and which kernels the models ran on."""
    costly = [row for row in rows if row.ms_per_prompt is not None or row.parameters is not None]
    columns = [
        column("parameters", (words.count(row.parameters) for row in costly)),
        column("state\nsize", (words.count(row.state_size) for row in costly)),
        column("FLOPs\n/ prompt", (words.amount(row.flops_per_prompt) for row in costly)),
        column("ms\n/ prompt", (words.number(row.ms_per_prompt) for row in costly)),
        column("train\ns", (words.number(row.training_seconds) for row in costly)),
    ]
    columns = [one for one in columns if any(cell != "-" for cell in one.cells)]
    if any(row.kernels for row in costly):
        columns.append(column("kernels", (row.kernels or "-" for row in costly), right=False))
    return Grid("Cost", _names(costly), tuple(columns), _dim(costly))


def _row(comparison: Comparison, label: str, kind: Kind) -> Row:
    def of(metric: str) -> pl.DataFrame:
        return comparison.rows(metric).filter(pl.col("predictor") == label)

    def estimate(metric: str) -> Estimate | None:
        rows = of(metric)
        return Estimate(*rows.select("value", "low", "high").row(-1)) if len(rows) else None

    def mean(metric: str) -> float | None:
        value = of(metric).unique("seed", keep="last")["value"].mean()
        return value if isinstance(value, float) else None

    return Row(
        predictor=label,
        kind=kind,
        score=estimate("icl_score_mean"),
        score_over_seeds=estimate("icl_score_over_seeds"),
        score_gap=estimate("score_gap_mean"),
        score_gap_over_seeds=estimate("score_gap_over_seeds"),
        milestones=_found_milestones(
            of("relative_error_mean"), of("excess_error_mean"), of(f"{comparison.complement}_mean")
        ),
        examples_to_half=estimate("examples_to_half_mean"),
        asked_points=mean("asked_points"),
        trainings=of(comparison.metric)["seed"].n_unique() if kind == "model" else 0,
        parameters=mean("parameters"),
        state_size=mean("state_size"),
        flops_per_prompt=mean("flops_per_prompt"),
        ms_per_prompt=mean("ms_per_prompt"),
        training_seconds=comparison.training_seconds(label),
        kernels=next(entry.kernels for entry in comparison.predictors if entry.label == label),
    )


def _found_milestones(relative: pl.DataFrame, excess: pl.DataFrame, complement: pl.DataFrame) -> tuple[Milestone, ...]:
    found, above, right = (dict(_by_shown(rows)) for rows in (relative, excess, complement))
    return tuple(Milestone(shown, found[shown], above.get(shown), right.get(shown)) for shown in sorted(found))


def _by_shown(rows: pl.DataFrame) -> Iterator[tuple[int, Estimate]]:
    for shown, *numbers in rows.select("shown", "value", "low", "high").iter_rows():
        yield shown, Estimate(*numbers)


def milestones_of(rows: list[Row]) -> list[int]:
    """The points at which some predictor has numbers."""
    return sorted({milestone.shown for row in rows for milestone in row.milestones})


def _value(estimate: Estimate | None) -> float:
    assert estimate is not None
    assert estimate.value is not None
    return estimate.value
