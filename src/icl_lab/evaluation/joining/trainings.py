"""Which trainings of a comparison are here and which are gone."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from icl_lab.core.specs import digest


@dataclass(frozen=True)
class Trainings:
    """The trainings of a comparison.

    Args:
        runs: Label of a model -> training seed -> digest of the run, in the order of the comparison.
        here: Digests of those that can be evaluated; of the others there are rows only.
    """

    runs: Mapping[str, Mapping[int, str]]
    here: Set[str]

    @property
    def labels(self) -> list[str]:
        """The models, in order."""
        return list(self.runs)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Every two models, in order."""
        return list(combinations(self.runs, 2))

    @property
    def gone(self) -> set[str]:
        """Digests of the others."""
        return {run for trainings in self.runs.values() for run in trainings.values()} - self.here

    def where(self, *labels: str) -> Literal["here", "gone", "both"]:
        """Where all trainings of some models are."""
        runs = {run for label in labels for run in self.runs[label].values()}
        if runs <= self.here:
            return "here"
        return "both" if runs & self.here else "gone"

    def run_of_all(self, label: str) -> str:
        """The digest of all trainings of a model, as `Rows.run_of_all` makes it."""
        runs = list(self.runs[label].values())
        return runs[0] if len(runs) == 1 else digest(runs)
