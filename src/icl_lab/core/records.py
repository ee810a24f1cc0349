"""Records: results as rows, appended to JSON lines that survive a kill in mid-write, read back as a polars frame."""

import gzip
import json
import math
import os
import zlib
from collections.abc import Iterable
from dataclasses import MISSING, asdict, dataclass, fields, replace
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
        block: After which residual block it was read off, the first being 0; none where it is about a whole predictor.
        about: What the predictor was compared with, or what was looked for in it; empty for nothing.
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
    block: int | None = None
    about: str = ""


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
    "block": pl.Int64,
    "about": pl.String,
}

ANEW = "restore it, or move it away and measure again"
"""What to do with a compressed file that is damaged: a line cannot be taken out of it by hand."""

SPARSE = ("block", "about")
"""Columns that few rows have: where they hold nothing, a line does without them."""

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


def write_records(path: Path, records: Iterable[Record], *, compressed: bool = False) -> None:
    """Replace a file of records by another, all at once.

    Args:
        path: The JSON-lines file.
        records: What it is to hold.
        compressed: Write `<name>.gz` instead, and remove the plain file. Equal records give equal bytes.
    """
    beside = packed(path)
    if compressed:
        write_atomic(beside, gzip.compress(_lines(records), mtime=0))
        path.unlink(missing_ok=True)
    else:
        write_atomic(path, _lines(records))
        beside.unlink(missing_ok=True)


def rounded(record: Record, digits: int = 5) -> Record:
    """The same with its numbers in so many significant digits, for files that are kept for long; counts stay exact.

    >>> found = rounded(Record(run="r", predictor="p", task="t", metric="m", value=0.12345678, high=1234567.0))
    >>> found.value, found.low, found.high
    (0.12346, None, 1234567.0)
    """
    value, low, high = (_rounded(number, digits) for number in (record.value, record.low, record.high))
    return replace(record, value=value, low=low, high=high)


def _rounded(number: float | None, digits: int) -> float | None:
    return number if number is None or float(number).is_integer() else float(f"{number:.{digits}g}")


def packed(path: Path) -> Path:
    """Where the compressed form of a file of records is."""
    return path.with_name(f"{path.name}.gz")


def has_records(path: Path) -> bool:
    """Whether there is such a file of records, plain or compressed."""
    return path.is_file() or packed(path).is_file()


def read_records(path: Path) -> pl.DataFrame:
    """All records of a file as a frame with the columns of `Record`; an absent file has none.

    Where there is no such file but `<name>.gz`, that is read.

    Raises:
        DamagedFile: A line other than a torn last one is not a record; the message holds the last good one. Or the
            compressed file cannot be unpacked.
    """
    if not has_records(path):
        return pl.DataFrame(schema=SCHEMA)
    is_plain = path.exists()
    content = path.read_bytes() if is_plain else _unpacked(packed(path))
    lines = content[: content.rfind(b"\n") + 1].splitlines()
    rows: list[dict[str, object]] = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(_row(line))
        except ValueError as trouble:
            wrong = f"line {number} is not a record ({trouble})"
            if not is_plain:
                raise DamagedFile(packed(path), wrong, ANEW) from None
            last = (
                f"the last good record is line {number - 1}: {json.dumps(rows[-1])}" if rows else "no record before it"
            )
            advice = f"{last}; nothing was overwritten, remove that line to go on"
            raise DamagedFile(path, wrong, advice) from None
    return pl.DataFrame(rows, schema=SCHEMA)


def _unpacked(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as trouble:
        raise DamagedFile(path, f"it cannot be unpacked ({trouble})", ANEW) from None


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
    row = {k: v for k, v in row.items() if k not in SPARSE or v not in (None, "")}
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
