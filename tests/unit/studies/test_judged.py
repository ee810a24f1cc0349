"""What is said of a study rests on the rows in its folder, and at smoke scale nothing is said."""

from pathlib import Path

import pytest

from icl_lab.core.records import Record, write_records
from icl_lab.core.scales import Scale
from icl_lab.report.folder import write_comparison
from icl_lab.studies.base import STUDIES
from icl_lab.studies.carry_out import judged

from .found_rows import part, sharp


@pytest.mark.parametrize(
    ("scale", "expected"), [("small", {"transformer": ("fail",), "mamba": ("ok",)}), ("smoke", {})]
)
def test_marks_are_given_where_the_scale_can_show_something(scale: Scale, expected: dict, tmp_path: Path) -> None:
    found = part({"transformer": [sharp(1.0, 1.0)], "mamba": [sharp(1.0, 0.1)]})
    write_comparison(tmp_path / "sparse_parity", found)
    write_records(tmp_path / "sparse_parity" / "records.jsonl", [Record(**row) for row in found.records.to_dicts()])
    study = judged(STUDIES.get("park2024")(), scale, tmp_path)
    (marked,) = (one for one in study.parts if one.name == "sparse_parity")
    assert marked.marks == expected
    assert marked.published_marks["transformer"] == "fail"
