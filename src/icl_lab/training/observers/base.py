"""What an observer is."""

from icl_lab.training.result import StepResult
from icl_lab.training.spec import RunSpec


class Observer:
    """Is told of a run, and must not change it. Every method may be left as it is."""

    def begin(self, spec: RunSpec, step: int) -> None:
        """A run starts, or goes on after `step` optimiser steps."""

    def observe(self, result: StepResult) -> None:
        """An optimiser step was taken."""

    def end(self) -> None:
        """The run ended, was interrupted or failed."""
