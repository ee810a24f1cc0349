"""Training runs as jobs whose worker is killed half-way."""

import os
import signal
from dataclasses import dataclass

import torch

from icl_lab.sweep.training_job import TrainingJob
from icl_lab.training.observers.base import Observer
from icl_lab.training.result import StepResult
from icl_lab.training.run import train_run


class Kill(Observer):
    """Kills its own process, in the way of a machine that ran out of memory."""

    def __init__(self, step: int) -> None:
        self.step = step

    def observe(self, result: StepResult) -> None:
        if result.step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class KilledOnce(TrainingJob):
    """Its first worker dies after `step` optimiser steps."""

    step: int = 0

    def execute(self, threads: int) -> None:
        marker = self.folder.parent / f"{self.folder.name}.killed"
        if not marker.exists():
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()
            torch.set_num_threads(threads)
            train_run(self.run, self.folder, [Kill(self.step)])
        super().execute(threads)
