"""Records: results as rows, appended to JSON lines that survive a kill in mid-write, read back as a polars frame."""

import json
import math
import os
from collections.abc import Iterable
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

import polars as pl

from icl_lab.core.errors import DamagedFile
from icl_lab.core.files import write_atomic


@dataclass(frozen=True, kw_only=True)
class Record:
    """One number and everything needed to say what it is.

    Args:
        run: Digest of the spec that made it.
        predictor: Name of the model or baseline.
        task: Name of the task the prompts came from.
        metric: What was measured, with its normaliser in its name: `"squared_error_over_dim"`.
        value: The number; none where it was not finite.
        low: Lower end of its interval, where one was computed.
        high: Upper end of its interval.
        shown: Examples before the query, where the number belongs to a point of a learning curve.
        step: Optimiser steps done, where it belongs to a training curve.
        seed: Training seed.
        shift: Change of the prompts at evaluation; empty for none.
        num_prompts: Prompts it was averaged over.
    """

    run: str
    predictor: str
    task: str
    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    shown: int | None = None
    step: int | None = None
    seed: int = 0
    shift: str = ""
    num_prompts: int | None = None


SCHEMA: dict[str, Any] = {
    "run": pl.String,
    "predictor": pl.String,
    "task": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "shown": pl.Int64,
    "step": pl.Int64,
    "seed": pl.Int64,
    "shift": pl.String,
    "num_prompts": pl.Int64,
}

_ACCEPTED: dict[Any, tuple[type, ...]] = {pl.String: (str,), pl.Float64: (float, int), pl.Int64: (int,)}


class RecordWriter:
    """Appends records to a file. A line is written whole and flushed to the disk before `append` returns.

    Args:
        path: The JSON-lines file; made when it is missing. A torn last line, left by a kill, is set aside in
            `<name>.torn` and not counted as a record.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        _set_torn_line_aside(path)

    def append(self, records: Iterable[Record]) -> None:
        """Write records, in order. Numbers that are not finite are written as null."""
        with self.path.open("ab") as file:
            file.write(_lines(records))
            file.flush()
            os.fsync(file.fileno())


def write_records(path: Path, records: Iterable[Record]) -> None:
    """Replace a file of records by another, all at once."""
    write_atomic(path, _lines(records))


def read_records(path: Path) -> pl.DataFrame:
    """All records of a file as a frame with the columns of `Record`; an absent file has none.

    Raises:
        DamagedFile: A line other than a torn last one is not a record; the message holds the last good one.
    """
    if not path.exists():
        return pl.DataFrame(schema=SCHEMA)
    content = path.read_bytes()
    lines = content[: content.rfind(b"\n") + 1].splitlines()
    rows: list[dict[str, object]] = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(_row(line))
        except ValueError as trouble:
            last = (
                f"the last good record is line {number - 1}: {json.dumps(rows[-1])}" if rows else "no record before it"
            )
            advice = f"{last}; nothing was overwritten, remove that line to go on"
            raise DamagedFile(path, f"line {number} is not a record ({trouble})", advice) from None
    return pl.DataFrame(rows, schema=SCHEMA)


def _row(line: bytes) -> dict[str, object]:
    """The record in a line, with every column, or a `ValueError` that says what is wrong with it."""
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError("not a JSON object")
    for field in fields(Record):
        if field.default is MISSING and field.name not in row:
            raise ValueError(f"{field.name!r} is missing")
    for column, value in row.items():
        if column not in SCHEMA:
            raise ValueError(f"unknown column {column!r}")
        if value is not None and not isinstance(value, _ACCEPTED[SCHEMA[column]]):
            raise ValueError(f"{column!r} has the value {value!r}, expected {SCHEMA[column]}")
    return asdict(Record(**row))


def _lines(records: Iterable[Record]) -> bytes:
    text = "".join(json.dumps(_finite(asdict(record)), allow_nan=False) + "\n" for record in records)
    return text.encode()


def _finite(row: dict[str, object]) -> dict[str, object]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}


def _set_torn_line_aside(path: Path) -> None:
    if not path.exists():
        return
    content = path.read_bytes()
    end = content.rfind(b"\n") + 1
    if end == len(content):
        return
    with path.with_name(path.name + ".torn").open("ab") as aside:
        aside.write(content[end:] + b"\n")
    os.truncate(path, end)


assert tuple(SCHEMA) == tuple(field.name for field in fields(Record))
