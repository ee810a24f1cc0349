"""Where a probe may be written: never over anything else."""

from pathlib import Path

import pytest

from icl_lab.core.errors import UserError
from icl_lab.report.probe.data import PROBE, Probe, check_free, write_probe

HELD = Probe(task={}, metric="", zero_error=1.0, networks=())


def test_new_and_empty_folders_and_earlier_probes_are_free(tmp_path: Path) -> None:
    check_free(tmp_path / "new")
    check_free(tmp_path)
    write_probe(tmp_path, HELD)
    check_free(tmp_path)


@pytest.mark.parametrize("name", ["spec.json", "comparison.json"])
def test_the_folder_of_another_result_is_not_even_with_a_probe_in_it(tmp_path: Path, name: str) -> None:
    write_probe(tmp_path, HELD)
    (tmp_path / name).write_text("{}")
    with pytest.raises(UserError, match=f"it holds {name}"):
        check_free(tmp_path)


def test_files_foreign_folders_and_damaged_probes_are_not(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    for held in ("", "[]"):
        for path in (tmp_path, tmp_path / "thesis.tex"):
            with pytest.raises(UserError, match=f"no {PROBE} that can be read"):
                check_free(path)
        (tmp_path / PROBE).write_text(held)
