"""Writes are atomic; names from strangers stay inside the folder."""

import os
from pathlib import Path

import pytest

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import inside, read_json, write_atomic, write_json


def test_a_failed_write_leaves_the_old_content_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"kept": True})

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(path, b"new")
    assert read_json(path) == {"kept": True}
    assert os.listdir(tmp_path) == ["a.json"]


def test_json_that_is_missing_or_damaged_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file"):
        read_json(tmp_path / "absent.json")
    (tmp_path / "b.json").write_text('{"half":')
    with pytest.raises(DamagedFile, match="b.json: not JSON"):
        read_json(tmp_path / "b.json")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/etc/passwd", "a\\b", "C:x", "~root", "a\0b"])
def test_a_name_never_leads_outside_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="cannot be a file name"):
        inside(tmp_path, name)


def test_an_ordinary_name_is_a_path_in_the_folder(tmp_path: Path) -> None:
    assert inside(tmp_path, "mamba-1.2_x.svg") == tmp_path / "mamba-1.2_x.svg"
