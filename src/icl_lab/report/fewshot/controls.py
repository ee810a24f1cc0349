"""What the labels of demonstrations are worth: accuracy under the controls beside true labels, by category."""

from dataclasses import dataclass

from icl_lab.report.estimate import Estimate
from icl_lab.report.fewshot.data import FewShotResults
from icl_lab.report.grid import Grid, column
from icl_lab.report.labels import printable
from icl_lab.report.words import listed

FLOOR = 0.1
"""How far above the most common output an accuracy may be and still be called floor."""


@dataclass(frozen=True)
class Controlled:
    """A category under one control.

    Args:
        category: Its tasks, all of which were asked under the control.
        control: What demonstrations show as outputs.
        shots: The most demonstrations that all of its tasks have.
        true: Mean accuracy with true labels.
        wrong: Mean accuracy under the control.
        floor: What always saying the most common output scores, mean over the tasks.
    """

    category: str
    control: str
    shots: int
    true: Estimate
    wrong: Estimate
    floor: float

    @property
    def verdict(self) -> str:
        """Whether labels matter: intervals that do not overlap are clearly apart."""
        low = self.true.value if self.true.low is None else self.true.low
        high = self.wrong.value if self.wrong.high is None else self.wrong.high
        if (low or 0.0) <= (high or 0.0):
            return "no clear fall"
        return "down to the floor" if (self.wrong.value or 0.0) <= self.floor + FLOOR else "a clear fall"


def controlled(found: FewShotResults, model: str) -> list[Controlled]:
    """Every category under every control that it was asked under, control by control."""
    rows = []
    for control in found.controls:
        for category in found.categories:
            pairs = [(shots, found.estimate("category_accuracy_mean", model, category, shots),
                      found.estimate("category_accuracy_mean", model, category, shots, control))
                     for shots in found.shots]  # fmt: skip
            known = [(shots, true, wrong) for shots, true, wrong in pairs if true is not None and wrong is not None]
            if known:
                floors = [found.value("most_common_output", model, task.name, None) or 0.0
                          for task in found.tasks if task.category == category]  # fmt: skip
                rows.append(Controlled(category, control, *known[-1], floor=sum(floors) / len(floors)))
    return rows


def control_sentences(found: FewShotResults, model: str) -> list[str]:
    """A sentence for each control: where accuracy falls, how far, and where it does not."""
    said = []
    for control in found.controls:
        rows = [row for row in controlled(found, model) if row.control == control]
        verdicts = dict.fromkeys(row.verdict for row in sorted(rows, key=lambda row: ORDER.index(row.verdict)))
        parts = [f"{verdict} on {listed([_numbers(row) for row in rows if row.verdict == verdict])}"
                 for verdict in verdicts]  # fmt: skip
        if parts:
            said.append(f"With {control} labels: {'; '.join(parts)}.")
    return said


def control_grid(found: FewShotResults, model: str) -> Grid | None:
    """The same as a table, with intervals; none without controls."""
    rows = controlled(found, model)
    if not rows:
        return None
    title = f"{printable(model)}: what labels are worth, mean accuracy by category"
    names = (
        column("category", (row.category for row in rows), right=False),
        column("labels", (row.control for row in rows), right=False),
    )
    columns = (
        column("after", (f"{row.shots}" for row in rows)),
        column("true labels", (share(row.true) for row in rows)),
        column("wrong labels", (share(row.wrong) for row in rows)),
        column("most\ncommon", (f"{row.floor:.2f}" for row in rows)),
        column("", (row.verdict for row in rows), right=False),
    )
    return Grid(title, names, columns)


def share(estimate: Estimate | None) -> str:
    """An accuracy with its interval.

    >>> share(Estimate(0.5, 0.42, 0.571)), share(Estimate(1.0)), share(None)
    ('0.50 (0.42 to 0.57)', '1.00', '-')
    """
    if estimate is None or estimate.value is None:
        return "-"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.2f}"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


ORDER = ("down to the floor", "a clear fall", "no clear fall")


def _numbers(row: Controlled) -> str:
    return f"{row.category} tasks ({row.true.value or 0.0:.2f} to {row.wrong.value or 0.0:.2f} after {row.shots})"
