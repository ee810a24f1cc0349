"""Where a probe may be written: never over anything else."""

from pathlib import Path

import pytest

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.records import write_records
from icl_lab.report.probe.data import PROBE, Looked, Probe, check_free, write_probe
from icl_lab.report.probe.page import write_probe_page

RUN = "0123456789ab"
HELD = Probe(task={}, metric="", zero_error=1.0, networks=(Looked(run=RUN, label="mamba"), Looked(run="b", label="s4")))


def test_new_and_empty_folders_and_earlier_probes_are_free(tmp_path: Path) -> None:
    check_free(tmp_path / "new", RUN)
    check_free(tmp_path, RUN)
    write_probe(tmp_path, HELD)
    check_free(tmp_path, RUN)


def test_the_probe_of_another_run_is_not_free(tmp_path: Path) -> None:
    write_probe(tmp_path, HELD)
    with pytest.raises(UserError, match=f"it holds the probe of another run, mamba {RUN}"):
        check_free(tmp_path, "b")


def test_rows_that_are_missing_or_break_off_are_damage_and_the_page_stays(tmp_path: Path) -> None:
    write_probe(tmp_path, HELD)
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "bits.svg").write_text("")
    (tmp_path / "index.html").write_text("<p>figures/bits.svg, png</p>")
    for words in ("there is no such file", "it breaks off in the middle of a line"):
        with pytest.raises(DamagedFile, match=words):
            write_probe_page(tmp_path)
        (tmp_path / "records.jsonl").write_text('{"run": "0123')
    assert (tmp_path / "figures" / "bits.svg").is_file()


def test_figures_of_an_earlier_page_go_with_it_and_nothing_else_does(tmp_path: Path) -> None:
    write_probe(tmp_path, HELD)
    write_records(tmp_path / "records.jsonl", [])
    (tmp_path / "figures").mkdir()
    for name in ("bits.svg", "bits.png", "mine.svg"):
        (tmp_path / "figures" / name).write_text("")
    (tmp_path / "index.html").write_text("<p>figures/bits.svg, png</p>")
    write_probe_page(tmp_path)
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["mine.svg"]


@pytest.mark.parametrize("name", ["spec.json", "comparison.json"])
def test_the_folder_of_another_result_is_not_even_with_a_probe_in_it(tmp_path: Path, name: str) -> None:
    write_probe(tmp_path, HELD)
    (tmp_path / name).write_text("{}")
    with pytest.raises(UserError, match=f"it holds {name}"):
        check_free(tmp_path, RUN)


def test_files_foreign_folders_and_damaged_probes_are_not(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    for held in ("", "[]"):
        for path in (tmp_path, tmp_path / "thesis.tex"):
            with pytest.raises(UserError, match=f"no {PROBE} that can be read"):
                check_free(path, RUN)
        (tmp_path / PROBE).write_text(held)
