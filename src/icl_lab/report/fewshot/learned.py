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
    "rises, floor unclear",
    "rises to the floor",
    "right from the start",
    "rise unclear",
    "does not rise",
    "too few sets",
]
"""What became of a task, the clearest learning first."""

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
SMALL = 0.1
"""A rise, or a distance from the floor, that is surely below this is called none."""
RIGHT = 0.8
"""Accuracy from which on there is little left to rise."""


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
        over_half: That, less half of the rise.
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
    over_half: Estimate | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether it rises, and what becomes of the rise without its labels; all by 90% intervals.

        It rises if the rise is above zero, and does not if it is surely small. It needs its labels if surely more than
        half of the rise is lost without them, and rises whatever the labels if surely less than half is and perhaps
        nothing; labels help if something is surely lost. What no interval decides is called unclear.
        """
        if self.rise.low is None or self.rise.high is None or self.end.low is None or self.end.high is None:
            return "too few sets"
        if self.rise.low <= 0:
            if self.start.low is not None and self.start.low > self.floor and (self.start.value or 0.0) >= RIGHT:
                return "right from the start"
            return "does not rise" if self.rise.high < SMALL else "rise unclear"
        if self.end.low <= self.floor:
            return "rises to the floor" if self.end.high < self.floor + SMALL else "rises, floor unclear"
        return self._of_labels()

    def _of_labels(self) -> Verdict:
        if self.fall is None or self.over_half is None:
            return "rises"
        if _low(self.over_half) > 0:
            return "needs its labels"
        if _low(self.fall) > 0:
            return "labels help"
        return "rises whatever the labels" if _high(self.over_half) < 0 else "rises, labels unclear"

    @property
    def to_the_floor(self) -> bool:
        """Whether it is surely above the floor with its labels, surely falls without, and is then not surely above."""
        if self.wrong is None or self.fall is None:
            return False
        return _low(self.end) > self.floor and _low(self.fall) > 0 and _low(self.wrong) <= self.floor


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
    lost = [found.estimate(metric, model, task, last, control)
            for metric in ("accuracy_mean", "accuracy_fall", "accuracy_fall_over_half")]  # fmt: skip
    return _with(row, control, *lost)


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
    lost = [found.estimate(f"category_accuracy_{what}", model, category, None, control)
            for what in ("most", "fall", "fall_over_half")]  # fmt: skip
    return _with(row, control, *lost)


def _with(
    row: Learned, control: str, wrong: Estimate | None, fall: Estimate | None, over_half: Estimate | None
) -> Learned:
    if not control or wrong is None or fall is None or over_half is None:
        return row
    return replace(row, control=control, wrong=wrong, fall=fall, over_half=over_half)


def _low(estimate: Estimate) -> float:
    return (estimate.value if estimate.low is None else estimate.low) or 0.0


def _high(estimate: Estimate) -> float:
    return (estimate.value if estimate.high is None else estimate.high) or 0.0
