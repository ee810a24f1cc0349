"""Records survive a kill in mid-write and say where they are damaged."""

import gzip
import math
from dataclasses import asdict
from pathlib import Path

import polars as pl
import pytest

from icl_lab.core.errors import DamagedFile
from icl_lab.core.records import SCHEMA, Record, RecordWriter, has_records, read_records, write_records

WRONG_TYPE = '{"run": "a", "predictor": "b", "task": "c", "metric": "d", "value": "much"}'


def record(value: float, **changes: object) -> Record:
    return Record(run="abc", predictor="mamba", task="toy", metric="loss", value=value, **changes)  # type: ignore[arg-type]


def test_records_come_back_as_a_frame(tmp_path: Path) -> None:
    written = [record(0.5, shown=3, low=0.4, high=0.6), record(0.25, step=10, seed=2)]
    RecordWriter(tmp_path / "records.jsonl").append(written)
    frame = read_records(tmp_path / "records.jsonl")
    assert frame.schema == pl.Schema(SCHEMA)
    assert frame.to_dicts() == [asdict(item) for item in written]


def test_an_absent_file_has_no_records(tmp_path: Path) -> None:
    assert read_records(tmp_path / "none.jsonl").is_empty()


def test_what_is_not_finite_is_written_as_null(tmp_path: Path) -> None:
    RecordWriter(tmp_path / "r.jsonl").append([record(math.nan)])
    assert read_records(tmp_path / "r.jsonl")["value"].to_list() == [None]


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_torn_last_line_is_set_aside_and_the_next_record_is_whole(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "records.jsonl"
    RecordWriter(path).append([record(1.0), record(2.0)])
    path.write_bytes(path.read_bytes()[:-cut])
    assert read_records(path)["value"].to_list() == [1.0]
    RecordWriter(path).append([record(3.0)])
    assert read_records(path)["value"].to_list() == [1.0, 3.0]
    assert path.with_name("records.jsonl.torn").exists()


@pytest.mark.parametrize(
    "line",
    ['{"run": "abc"', "[1]", '{"run": "abc", "unknown": 1}', '{"value": 1}', "\x00\x00", "null", WRONG_TYPE],
)
def test_a_damaged_line_is_reported_with_the_last_good_record(tmp_path: Path, line: str) -> None:
    path = tmp_path / "records.jsonl"
    RecordWriter(path).append([record(1.0)])
    with path.open("a") as file:
        file.write(line + "\n")
    before = path.read_bytes()
    with pytest.raises(DamagedFile, match=r"line 2 is not a record.*last good record is line 1") as caught:
        read_records(path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == before


def test_a_bad_line_of_compressed_records_is_said_to_be_in_the_compressed_file(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl.gz").write_bytes(gzip.compress(b'{"no": "record"}\n'))
    with pytest.raises(
        DamagedFile, match=r"records\.jsonl\.gz: line 1 is not a record .*; restore it, or move it away"
    ):
        read_records(tmp_path / "records.jsonl")


def test_compressed_records_are_read_in_the_place_of_plain_ones(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    written = [record(0.5, shown=3), record(0.25, step=10)]
    write_records(path, written)
    plain = read_records(path)
    write_records(path, written, compressed=True)
    assert not path.exists()
    assert has_records(path)
    assert read_records(path).equals(plain)
    packed = (tmp_path / "records.jsonl.gz").read_bytes()
    write_records(path, written, compressed=True)
    assert (tmp_path / "records.jsonl.gz").read_bytes() == packed  # no time of day in it
    write_records(path, written[:1])
    assert not (tmp_path / "records.jsonl.gz").exists()
    assert len(read_records(path)) == 1


def test_a_compressed_file_that_is_cut_off_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    write_records(path, [record(0.5)], compressed=True)
    packed = tmp_path / "records.jsonl.gz"
    packed.write_bytes(packed.read_bytes()[:-9])
    with pytest.raises(DamagedFile, match="cannot be unpacked"):
        read_records(path)
