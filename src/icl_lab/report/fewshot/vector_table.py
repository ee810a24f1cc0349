"""Task vectors as numbers: each task in its best layer, beside another's vector, no demonstration, and after five."""

from dataclasses import dataclass

import polars as pl

from icl_lab.report.estimate import Estimate
from icl_lab.report.fewshot.data import ALL, PUBLISHED_SHOTS, FewShotResults
from icl_lab.report.fewshot.shares import share
from icl_lab.report.grid import Grid, column
from icl_lab.report.labels import printable, shortened

UNPATCHED = "task_vector_unpatched_mean"
KINDS = ("residual", "state")
MEAN = "= mean, one layer"


@dataclass(frozen=True)
class VectorRow:
    """What one layer's task vector is worth.

    Args:
        task: Name of the task, or `MEAN`: one layer for all tasks.
        kind: What was put in: what a layer hands on (residual), or what a recurrent one remembers (state).
        chosen: The layers that did best, counted from 1: each on one half of the questions and scored on the other.
            One where both halves choose the same.
        layers: How many layers were patched.
        patched: Accuracy without demonstrations, that layer patched, each half in the layer that the other chose.
        another: The same with the vector of another task; none where there is no other.
        another_best: That vector again, in the layers that do best with it, chosen in the same way.
        other: Which task that is; empty for none, and in the mean.
        without: Accuracy of the same questions without demonstrations.
        shown: Accuracy of the same questions after the demonstrations that the vector was taken from.
        short: How much more that is than with the vector, question by question; of the mean alone.
    """

    task: str
    kind: str
    chosen: tuple[int, ...]
    layers: int
    patched: Estimate
    another: Estimate | None
    another_best: Estimate | None
    other: str
    without: Estimate | None
    shown: Estimate | None
    short: Estimate | None = None

    @property
    def told(self) -> str:
        """The layers in words.

        >>> VectorRow("a", "residual", (20, 21), 30, Estimate(0.5), None, None, "", None, None).told
        '20, 21 of 30'
        """
        return f"{', '.join(map(str, self.chosen))} of {self.layers}"


def vector_rows(found: FewShotResults, model: str) -> list[VectorRow]:
    """A row for each task and kind, and for each kind the mean over tasks with one layer for all of them."""
    rows = []
    for kind in KINDS:
        layers = _layers(found, model, f"task_vector_{kind}_mean")
        for name in (task.name for task in found.tasks):
            rows += _row(found, model, kind, "", name, layers)
        rows += _row(found, model, kind, "all_", ALL, layers)
    return rows


def vector_grid(found: FewShotResults, model: str) -> Grid | None:
    """The rows as a table; none where task vectors were not measured."""
    rows = vector_rows(found, model)
    if not rows:
        return None
    short = shortened(list(dict.fromkeys(row.task for row in rows)), 22)
    names = [column("task", (short[row.task] for row in rows), right=False)]
    if len({row.kind for row in rows}) > 1:
        names.append(column("put in", (row.kind for row in rows), right=False))
    columns = (
        column("best\nlayer", (row.told for row in rows)),
        column("with its\nvector", (share(row.patched) for row in rows)),
        column("another's\nvector", (share(row.another) for row in rows)),
        column("another's,\nits best layer", (share(row.another_best) for row in rows)),
        column("no demon-\nstration", (share(row.without) for row in rows)),
        column("after\nfive", (share(row.shown) for row in rows)),
    )
    dim = frozenset(place for place, row in enumerate(rows) if row.task == MEAN)
    return Grid(f"{printable(model)}: task vectors, share of right first tokens", tuple(names), columns, dim)


def vector_sentence(found: FewShotResults, model: str) -> list[str]:
    """What one layer for all tasks is worth; nothing where task vectors were not measured."""
    return [
        f"Told the task by its vector in layer {row.told} ({row.kind}; chosen on other questions), without"
        f" demonstrations, it finds the right first token in {share(row.patched)} of cases;"
        + (f" told another task in {share(row.another)}" if row.another else "")
        + (f" (in that layer; {share(row.another_best)} where that does best)" if row.another_best else "")
        + (";" if row.another else "")
        + f" untold in {share(row.without)}, after five demonstrations in {share(row.shown)}"
        + (f", a difference of {share(row.short, signed=True)}." if row.short else ".")
        for row in vector_rows(found, model)
        if row.task == MEAN
    ]


def _row(
    found: FewShotResults, model: str, kind: str, prefix: str, task: str, layers: dict[str, int]
) -> list[VectorRow]:
    """The row of a task, or of the mean over all; none where no layer was chosen."""
    metric = f"{prefix}task_vector_{kind}"
    patched = found.estimate(f"{metric}_crossfitted_mean", model, task, PUBLISHED_SHOTS)
    if patched is None:
        return []
    of_task = found.records.filter((pl.col("predictor") == model) & (pl.col("task") == task))
    halves = of_task.filter(pl.col("metric") == f"{metric}_crossfitted_half")
    others = of_task.filter(pl.col("metric") == f"{metric}_other_crossfitted_mean")
    return [
        VectorRow(
            task=MEAN if prefix else task,
            kind=kind,
            chosen=tuple(sorted({layer + 1 for layer in halves["step"]})),
            layers=max(layers.values()) if prefix else layers[task],
            patched=patched,
            another=found.estimate(f"{metric}_other_crossfitted_mean", model, task, PUBLISHED_SHOTS),
            another_best=found.estimate(f"{metric}_other_best_mean", model, task, PUBLISHED_SHOTS),
            other=others["about"][0] if len(others) else "",
            without=found.estimate(f"{prefix}{UNPATCHED}", model, task, 0),
            shown=found.estimate(f"{prefix}{UNPATCHED}", model, task, PUBLISHED_SHOTS),
            short=found.estimate(f"{metric}_short_mean", model, task, PUBLISHED_SHOTS),
        )
    ]


def _layers(found: FewShotResults, model: str, metric: str) -> dict[str, int]:
    """Task -> how many of its layers were patched."""
    cells = found.records.filter((pl.col("predictor") == model) & (pl.col("metric") == metric))
    return {str(task): len(rows) for (task,), rows in cells.group_by("task")}
