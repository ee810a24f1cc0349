"""Counts of task vectors on disk: what is damaged is said to be so."""

import gzip
from pathlib import Path

import pytest

from icl_lab.core.errors import DamagedFile
from icl_lab.language.task_vectors.kept import read_counts


@pytest.mark.parametrize("data", [b"[]", b"{}", b'{"0": []}', b'{"0": [[3, 2]]}', b'{"0": [[0, 0]]}', b'{"0": 1}'])
def test_task_vectors_of_a_wrong_shape_are_said_to_be_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "one.json.gz"
    for content in (gzip.compress(data), gzip.compress(data * 9)[:10] + b"\xff" * 30):
        path.write_bytes(content)
        with pytest.raises(DamagedFile, match="no task vectors"):
            read_counts(path)
