"""A training run as a job."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch

from icl_lab.core.errors import Stopped, UserError
from icl_lab.sweep.base import Progress
from icl_lab.sweep.pace import examples_within, known_pace, pace_of
from icl_lab.sweep.stopping import deferred
from icl_lab.training.budgets.seconds import Seconds
from icl_lab.training.budgets.steps import Steps
from icl_lab.training.checkpoint import Checkpoints
from icl_lab.training.observers.base import Observer
from icl_lab.training.result import StepResult
from icl_lab.training.run import train_run
from icl_lab.training.spec import RunSpec
from icl_lab.training.workers import Workers, launched

TAIL_BYTES = 1 << 15  # the newest rows of a training curve, the last held-out error among them


@dataclass(frozen=True)
class TrainingJob:
    """Trains a run in its folder.

    Args:
        run: The run.
        label: What to call it, unlike any other job of the list: `"sparse_parity mamba seed 1"`.
        folder: Its folder, as `training.run.run_folder` names it.
        after: Names of jobs that must be finished before.
        device: `"cpu"`, or `"auto"` for an accelerator where there is one.
    """

    run: RunSpec
    label: str
    folder: Path
    after: tuple[str, ...] = ()
    device: Literal["cpu", "auto"] = "cpu"

    @property
    def name(self) -> str:
        """The label."""
        return self.label

    def is_done(self) -> bool:
        """Whether the newest checkpoint is that of the last step.

        Raises:
            UserError: There is a checkpoint that cannot be used.
        """
        snapshot = Checkpoints(self.folder, self.run.digest()).load()
        return snapshot is not None and snapshot.progress.finished

    def execute(self, threads: int) -> None:
        """Train, from the newest checkpoint on; when asked to stop, with a checkpoint of the step just done."""
        torch.set_num_threads(threads)
        if not isinstance(self.run.training.budget, Steps | Seconds):
            pace_of(self.run, self.folder)  # only a measurement tells whoever watches how many steps there will be
        with deferred() as asked:

            class Stop(Observer):
                def observe(self, result: StepResult) -> None:
                    if asked():
                        raise Stopped

            train_run(self.run, self.folder, [Stop()], Workers() if self.device == "cpu" else launched(self.device))

    def progress(self) -> Progress | None:
        """How far the training curve has come, and the newest error on held-out prompts."""
        rows = _last_rows(self.folder / "records.jsonl")
        seconds = next((row for row in rows if row["metric"] == "seconds"), None)
        if seconds is None:
            return None
        fraction = self._fraction(seconds["step"], seconds["value"])
        error = next((row["value"] for row in rows if row["metric"].startswith("held_out_")), None)
        return Progress(fraction, seconds["value"], _in_words(error, self.run.task.zero_error))

    def estimate(self) -> float | None:
        """Seconds still to go: of the budget where it is one, else from a few steps that are tried once, on the CPU."""
        budget, progress = self.run.training.budget, self.progress()
        if isinstance(budget, Seconds):
            return max(0.0, budget.amount - (progress.seconds if progress else 0.0))
        if progress is not None and progress.fraction > 0:
            return progress.seconds * (1 - progress.fraction) / progress.fraction
        return pace_of(self.run, self.folder).seconds(self.run) if self.device == "cpu" else None

    def _fraction(self, step: int, seconds: float) -> float:
        budget = self.run.training.budget
        if isinstance(budget, Seconds):
            return min(1.0, seconds / budget.amount)
        pace = None if isinstance(budget, Steps) else known_pace(self.run, self.folder)
        total = budget.amount if isinstance(budget, Steps) else pace.total_steps if pace else None
        if total is None:
            return 0.0
        return min(1.0, examples_within(self.run, step) / examples_within(self.run, total))


def _last_rows(path: Path) -> list[dict[str, Any]]:
    """The newest rows of a records file, newest first, as far as they are in its last bytes and whole."""
    try:
        with path.open("rb") as file:
            begin = max(0, file.seek(0, 2) - TAIL_BYTES)
            file.seek(begin)
            content = file.read()
    except FileNotFoundError:
        return []
    lines = content[: content.rfind(b"\n") + 1].splitlines()[1 if begin else 0 :]
    try:
        return [json.loads(line) for line in reversed(lines)]
    except ValueError as trouble:
        raise UserError(f"{path}: a line is not a record ({trouble})") from None


def _in_words(error: float | None, zero_error: float) -> str:
    if error is None:
        return ""
    return f"error {error / zero_error:.3f} of zero predictor" if zero_error else f"error {error:.3g}"
