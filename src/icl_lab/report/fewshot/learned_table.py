"""What is learned, as a table: a row a task, after each category its mean."""

from icl_lab.report.fewshot.data import FewShotResults
from icl_lab.report.fewshot.learned import Learned, learned
from icl_lab.report.fewshot.shares import share
from icl_lab.report.grid import Grid, column
from icl_lab.report.labels import printable, shortened


def learned_grids(found: FewShotResults, model: str) -> list[Grid]:
    """A table for each control, or one without; none where all tasks have one number of demonstrations."""
    return [grid for control in (found.controls or ("",)) if (grid := _grid(found, model, control))]


def _grid(found: FewShotResults, model: str, control: str) -> Grid | None:
    rows = learned(found, model, control)
    if not rows:
        return None
    short = shortened([_name(row) for row in rows], 22)
    columns = [
        column("after", ("" if row.last is None else f"{row.last}" for row in rows)),
        column("accuracy", (share(row.end) for row in rows)),
        column("rise", (share(row.rise, signed=True) for row in rows)),
        column("floor", (f"{row.floor:.2f}" for row in rows)),
    ]
    if control:
        columns.append(column(f"with {control}\nlabels", (share(row.wrong) for row in rows)))
        columns.append(column("lost so", (share(row.fall) for row in rows)))
    columns.append(column("", (row.verdict for row in rows), right=False))
    names = (column("task", (short[_name(row)] for row in rows), right=False),)
    dim = frozenset(place for place, row in enumerate(rows) if row.is_mean)
    return Grid(f"{printable(model)}: what is learned from demonstrations", names, tuple(columns), dim)


def _name(row: Learned) -> str:
    return f"= {row.name}" if row.is_mean else row.name
