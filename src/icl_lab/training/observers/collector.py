"""Keeps every step in memory, for tests and notebooks."""

from dataclasses import dataclass, field

from icl_lab.training.observers.base import Observer
from icl_lab.training.result import StepResult


@dataclass
class Collector(Observer):
    """A list of results.

    Attributes:
        results: What was observed, in order.
    """

    results: list[StepResult] = field(default_factory=list)

    def observe(self, result: StepResult) -> None:
        self.results.append(result)

    @property
    def losses(self) -> list[float]:
        """The training loss of each step."""
        return [result.loss for result in self.results]
