"""What is learned from demonstrations: how far accuracy rises, above which floor, and whether it needs their labels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from icl_lab.report.estimate import Estimate
from icl_lab.report.fewshot.data import FewShotResults

Verdict = Literal[
    "needs its labels",
    "labels help",
    "rises whatever the labels",
    "rises, labels unclear",
    "rises",
    "no more than the floor",
    "does not rise",
]
"""What became of a task, the clearest learning first."""

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True)
class Learned:
    """A task, or the mean over the tasks of a category.

    Args:
        name: Of the task or the category.
        is_mean: Whether it is a category.
        first: The fewest demonstrations.
        last: The most; none for a category, whose tasks may have different most.
        start: Accuracy after the fewest.
        end: Accuracy after the most.
        rise: The difference of the two on the same queries.
        floor: What always saying the same, or saying the input, scores: the better of both.
        control: Which labels demonstrations show instead of their own; empty where the task was not asked so.
        wrong: Accuracy with those labels, after the most demonstrations.
        fall: What is lost with those labels, on the same queries.
    """

    name: str
    is_mean: bool
    first: int
    last: int | None
    start: Estimate
    end: Estimate
    rise: Estimate
    floor: float
    control: str = ""
    wrong: Estimate | None = None
    fall: Estimate | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether it rises, by the 90% intervals, and what becomes of the rise without its labels.

        It rises if the rise is above zero and the end above the floor. It needs its labels if at least half of the
        rise is lost without them, and surely some; labels help if less is lost; it rises whatever the labels if surely
        less than half is lost.
        """
        rise = self.rise.value or 0.0
        if _low(self.rise) <= 0:
            return "does not rise"
        if _low(self.end) <= self.floor:
            return "no more than the floor"
        if self.fall is None:
            return "rises"
        if _low(self.fall) > 0:
            return "needs its labels" if (self.fall.value or 0.0) >= rise / 2 else "labels help"
        return "rises whatever the labels" if _high(self.fall) < rise / 2 else "rises, labels unclear"

    @property
    def to_the_floor(self) -> bool:
        """Whether it is no longer surely above the floor without its labels."""
        return self.wrong is not None and _low(self.wrong) <= self.floor


def learned(found: FewShotResults, model: str, control: str = "") -> list[Learned]:
    """A row for each task that was asked with two numbers of demonstrations or more, after each category its mean.

    Args:
        found: The evaluation.
        model: Name of the model.
        control: Labels of which it tells what they are worth.
    """
    rows = []
    for category in found.categories:
        mine = [
            row
            for task in found.tasks
            if task.category == category and (row := _of_task(found, model, task.name, control))
        ]
        mean = _of_category(found, model, category, control, mine)
        rows += [*mine, mean] if mean and len(mine) > 1 else mine
    return rows


def _of_task(found: FewShotResults, model: str, task: str, control: str) -> Learned | None:
    known = [shots for shots in found.shots if found.estimate("accuracy_mean", model, task, shots)]
    if len(known) < 2:
        return None
    first, last = known[0], known[-1]
    start = found.estimate("accuracy_mean", model, task, first)
    end = found.estimate("accuracy_mean", model, task, last)
    rise = found.estimate("accuracy_rise", model, task, last)
    if start is None or end is None or rise is None:
        return None
    row = Learned(task, False, first, last, start, end, rise, found.floor(model, task))
    wrong = found.estimate("accuracy_mean", model, task, last, control)
    return _with(row, control, wrong, found.estimate("accuracy_fall", model, task, last, control))


def _of_category(
    found: FewShotResults, model: str, category: str, control: str, rows: Sequence[Learned]
) -> Learned | None:
    start, end, rise = (
        found.estimate(f"category_accuracy_{what}", model, category, None) for what in ("fewest", "most", "rise")
    )
    if start is None or end is None or rise is None:
        return None
    floor = sum(row.floor for row in rows) / len(rows)
    row = Learned(category, True, rows[0].first, None, start, end, rise, floor)
    wrong = found.estimate("category_accuracy_most", model, category, None, control)
    return _with(row, control, wrong, found.estimate("category_accuracy_fall", model, category, None, control))


def _with(row: Learned, control: str, wrong: Estimate | None, fall: Estimate | None) -> Learned:
    return replace(row, control=control, wrong=wrong, fall=fall) if control and wrong and fall else row


def _low(estimate: Estimate) -> float:
    return (estimate.value if estimate.low is None else estimate.low) or 0.0


def _high(estimate: Estimate) -> float:
    return (estimate.value if estimate.high is None else estimate.high) or 0.0
