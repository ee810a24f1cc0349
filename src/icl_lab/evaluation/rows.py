"""Numbers of learning curves as records: who made them, from which prompts, with which interval."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from icl_lab.core.records import Record
from icl_lab.core.specs import digest
from icl_lab.evaluation.curves import Curves, points
from icl_lab.evaluation.statistics import Interval


@dataclass(frozen=True)
class Rows:
    """Makes the rows of some learning curves.

    Args:
        curves: The errors.
        runs: (label, training seed) -> digest of the run; made up from task and label where missing.
    """

    curves: Curves
    runs: Mapping[tuple[str, int], str]

    def number(
        self, label: str, metric: str, interval: Interval, *, run: str, seed: int = 0, shown: int | None = None
    ) -> Record:
        """A single number with its interval."""
        value, low, high = float(interval.value), float(interval.low), float(interval.high)
        return self._row(label, metric, (value, low, high), run, seed, shown)

    def curve(self, label: str, metric: str, interval: Interval, *, run: str, seed: int = 0) -> Iterator[Record]:
        """A row for each point that is asked."""
        for shown, *numbers in points(interval):
            yield self._row(label, metric, tuple(numbers), run, seed, shown)

    def at_milestones(
        self, label: str, metric: str, interval: Interval, *, run: str, seed: int = 0, per: float = 1.0
    ) -> Iterator[Record]:
        """A row for each milestone that is asked, the numbers divided by `per`."""
        for shown in self.curves.milestones:
            if not np.isnan(interval.value[shown]):
                numbers = tuple(number / per for number in interval.at(shown))
                yield self._row(label, metric, numbers, run, seed, shown)

    def plain(self, label: str, metric: str, value: float, run: str | None = None) -> Record:
        """A number that nothing is uncertain about."""
        return self._row(label, metric, (value, None, None), run or self.run(label, 0), 0, None)

    def run(self, label: str, seed: int) -> str:
        """The digest of one training."""
        return self.runs.get((label, seed)) or self.curves.run_of(label, seed)

    def run_of_all(self, label: str) -> str:
        """The digest of all trainings of a predictor: that of its only one, or one made of theirs."""
        runs = [self.run(label, errors.seed) for errors in self.curves.of(label)]
        return runs[0] if len(runs) == 1 else digest(runs)

    def _row(
        self,
        label: str,
        metric: str,
        numbers: tuple[float | None, ...],
        run: str,
        seed: int,
        shown: int | None,
    ) -> Record:
        value, low, high = numbers
        assert value is not None
        return Record(
            run=run,
            predictor=label,
            task=self.curves.task.spec_name(),
            metric=metric,
            value=value,
            low=low,
            high=high,
            shown=shown,
            seed=seed,
            shift=self.curves.shift,
            num_prompts=self.curves.num_prompts if shown is None else self.curves.scored_prompts(shown),
        )
