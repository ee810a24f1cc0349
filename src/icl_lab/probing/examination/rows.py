"""Rows about one network."""

import math
from dataclasses import dataclass

import numpy as np

from icl_lab.core.records import Record
from icl_lab.evaluation.statistics import Interval
from icl_lab.tasks.base import Task


@dataclass(frozen=True)
class Subject:
    """The network that rows are about.

    Args:
        run: Digest of its run.
        label: Its label.
        task: Its task.
        seed: Of its training.
        step: Optimiser steps it was trained for.
    """

    run: str
    label: str
    task: Task
    seed: int = 0
    step: int | None = None

    def row(
        self,
        metric: str,
        number: float | tuple[float, float, float],
        *,
        num: int,
        shown: int | None = None,
        block: int | None = None,
        about: str = "",
    ) -> Record:
        """A row for a number, or for one with the ends of its interval."""
        value, low, high = number if isinstance(number, tuple) else (number, math.nan, math.nan)
        return Record(
            run=self.run,
            predictor=self.label,
            task=self.task.spec_name(),
            metric=metric,
            value=float(value),
            low=None if math.isnan(low) else float(low),
            high=None if math.isnan(high) else float(high),
            shown=shown,
            step=self.step,
            seed=self.seed,
            num_prompts=num,
            block=block,
            about=about,
        )

    def rows(self, metric: str, interval: Interval, *, num: int, shown: int | None = None) -> list[Record]:
        """A row for every block."""
        blocks = range(len(np.atleast_1d(interval.value)))
        return [self.row(metric, interval.at(b), num=num, shown=shown, block=b) for b in blocks]
