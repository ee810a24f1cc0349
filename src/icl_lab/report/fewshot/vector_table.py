"""Task vectors as numbers: for each task its best layer, beside the same questions without and with demonstrations."""

from dataclasses import dataclass

import polars as pl

from icl_lab.report.estimate import Estimate
from icl_lab.report.fewshot.data import FewShotResults
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
        task: Name of the task, or `MEAN`.
        kind: What was put in: what a layer hands on (residual), or what a recurrent one remembers (state).
        layer: The layer that did best, counted from 1; the first of equals.
        layers: How many layers were patched.
        patched: Accuracy without demonstrations, that layer patched.
        without: Accuracy of the same questions without demonstrations.
        shown: Accuracy of the same questions after the demonstrations that the vector was taken from.
    """

    task: str
    kind: str
    layer: int
    layers: int
    patched: Estimate
    without: Estimate | None
    shown: Estimate | None


def vector_rows(found: FewShotResults, model: str) -> list[VectorRow]:
    """A row for each task and kind, and for each kind the layer that does best in the mean over tasks."""
    known = found.records.filter(
        (pl.col("predictor") == model) & pl.col("task").is_in([task.name for task in found.tasks])
    )
    plain = {
        (row["task"], row["shown"]): Estimate(row["value"], row["low"], row["high"])
        for row in known.filter(pl.col("metric") == UNPATCHED).iter_rows(named=True)
    }
    rows = []
    for kind in KINDS:
        cells = known.filter(pl.col("metric") == f"task_vector_{kind}_mean").sort("step")
        for task in (task.name for task in found.tasks if task.name in set(cells["task"])):
            mine = cells.filter(pl.col("task") == task)
            best = mine.row(int(mine["value"].arg_max() or 0), named=True)
            patched = Estimate(best["value"], best["low"], best["high"])
            rows.append(
                VectorRow(task, kind, best["step"] + 1, len(mine), patched, plain.get((task, 0)),
                          plain.get((task, best["shown"])))
            )  # fmt: skip
        if len(cells):
            rows.append(_mean(cells, [row for row in rows if row.kind == kind]))
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
        column("best\nlayer", (f"{row.layer} of {row.layers}" for row in rows)),
        column("with its\nvector", (share(row.patched) for row in rows)),
        column("no demon-\nstration", (share(row.without) for row in rows)),
        column("after\nfive", (share(row.shown) for row in rows)),
    )
    dim = frozenset(place for place, row in enumerate(rows) if row.task == MEAN)
    return Grid(f"{printable(model)}: task vectors, share of right first tokens", tuple(names), columns, dim)


def vector_sentence(found: FewShotResults, model: str) -> list[str]:
    """What the layer that does best in the mean is worth; nothing where task vectors were not measured."""
    return [
        f"Told the task by its vector in layer {row.layer} of {row.layers} ({row.kind}), without demonstrations, it"
        f" finds the right first token in {share(row.patched)} of cases; untold in {share(row.without)}, after five"
        f" demonstrations in {share(row.shown)}."
        for row in vector_rows(found, model)
        if row.task == MEAN
    ]


def _mean(cells: pl.DataFrame, rows: list[VectorRow]) -> VectorRow:
    """One layer for all tasks: what is left when each task may not choose its own."""
    means = cells.group_by("step").agg(pl.col("value").mean()).sort("step")
    best = means.row(int(means["value"].arg_max() or 0), named=True)
    return VectorRow(
        MEAN, rows[0].kind, best["step"] + 1, len(means), Estimate(best["value"]),
        _mean_of([row.without for row in rows]), _mean_of([row.shown for row in rows]),
    )  # fmt: skip


def _mean_of(estimates: list[Estimate | None]) -> Estimate | None:
    values = [one.value for one in estimates if one is not None and one.value is not None]
    return Estimate(sum(values) / len(values)) if values and len(values) == len(estimates) else None
