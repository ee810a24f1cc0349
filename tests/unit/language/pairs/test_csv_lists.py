"""Lists of pairs in files of a user."""

from pathlib import Path

import pytest

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.language.base import Pair
from icl_lab.language.pairs.csv_lists import read_pairs, write_pairs
from icl_lab.language.tasks.csv_file import CsvFile


def test_a_task_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    write_pairs(path, [Pair("a, b", ('say "x"',)), Pair("c", ("d", "e"))])
    assert read_pairs(path) == (Pair("a, b", ('say "x"',)), Pair("c", ("d", "e")))
    task = CsvFile(path=str(path))
    assert task.title == "mine"
    assert task.pairs() == read_pairs(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\nx,y\n", "first line to be input,output"),
        ("input,output\nx\n", "line 2"),
        ("input,output\nx,y\nx,z\n", "occurs twice"),
        ("input,output\nx,|\n", "line 2"),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(DamagedFile, match=said):
        read_pairs(path)
    with pytest.raises(UserError, match="no file"):
        read_pairs(tmp_path / "none.csv")
