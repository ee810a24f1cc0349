"""Writes the training curve as records. A run that was interrupted and resumed has each row once."""

import json
from pathlib import Path

import polars as pl

from icl_lab.core.files import write_atomic
from icl_lab.core.records import Record, RecordWriter, read_records
from icl_lab.training.observers.base import Observer
from icl_lab.training.result import StepResult
from icl_lab.training.spec import RunSpec


class TrainingCurve(Observer):
    """Appends rows to a records file: every `record_interval` steps, where an error was measured, and at the end.

    Metrics: `loss`, `smoothed_loss`, `gradient_norm`, `learning_rate`, `tokens_per_second`, `seconds` (spent in steps
    since the start of the run), and the task's own metric on held-out prompts as `held_out_<metric>`.

    Args:
        path: The records file.
        predictor: Label of the network.
    """

    def __init__(self, path: Path, predictor: str) -> None:
        self._path = path
        self._predictor = predictor

    def begin(self, spec: RunSpec, step: int) -> None:
        self._writer = RecordWriter(self._path)
        drop_rows_after(self._path, step)
        self._spec = spec
        self._run = spec.digest()
        self._seconds = _last_seconds(self._path)

    def observe(self, result: StepResult) -> None:
        self._seconds += result.seconds
        due = result.step % self._spec.training.record_interval == 0 or result.step in (1, result.total)
        if due or result.error is not None:
            self._writer.append(self._rows(result))

    def _rows(self, result: StepResult) -> list[Record]:
        values = {
            "loss": result.loss,
            "smoothed_loss": result.smoothed_loss,
            "gradient_norm": result.gradient_norm,
            "learning_rate": result.rate,
            "tokens_per_second": result.tokens_per_second,
            "seconds": self._seconds,
        }
        if result.error is not None:
            values[f"held_out_{self._spec.task.metric}"] = result.error
        return [
            Record(
                run=self._run,
                predictor=self._predictor,
                task=self._spec.task.spec_name(),
                metric=metric,
                value=value,
                step=result.step,
                seed=self._spec.seed,
            )
            for metric, value in values.items()
        ]


def drop_rows_after(path: Path, step: int) -> None:
    """Remove the rows of steps after `step`: a resumed run takes those steps again.

    Raises:
        DamagedFile: A line is not a record; nothing was removed.
    """
    if read_records(path).filter(pl.col("step") > step).is_empty():
        return
    lines = path.read_bytes().splitlines(keepends=True)
    write_atomic(path, b"".join(line for line in lines if (json.loads(line).get("step") or 0) <= step))


def _last_seconds(path: Path) -> float:
    rows = read_records(path).filter(pl.col("metric") == "seconds")
    return float(rows["value"][-1]) if len(rows) else 0.0
