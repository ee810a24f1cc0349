"""Answers on disk: what is damaged is said to be so."""

import gzip
from pathlib import Path

import pytest

from icl_lab.core.errors import DamagedFile
from icl_lab.language.asking.answers import read_unit
from icl_lab.language.asking.plan import carry_out, plan
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.spec import FewShot
from tests.unit.language.toys import ToyModel

LETTERS = LANGUAGE_TASKS.get("next_letter")()
CAPITALS = LANGUAGE_TASKS.get("country_capital")()
SPEC = FewShot(tasks=(LETTERS, CAPITALS), shots=(0, 1, 4), num_queries=20, labels=("true", "shuffled"))


def model() -> ToyModel:
    return ToyModel([*LETTERS.pairs(), *CAPITALS.pairs()])


def test_damaged_answers_are_said_to_be_so(tmp_path: Path) -> None:
    first = model()
    carry_out(plan(first, SPEC, tmp_path), first, SPEC, tmp_path)
    path = next((tmp_path / "answers").iterdir())
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(DamagedFile, match=path.name):
        plan(model(), SPEC, tmp_path)


@pytest.mark.parametrize(
    "answers", ["[]", '{"0": []}', '{"0": [[1, "a"]]}', '{"0": [[0, "a", "b", "c", "d"]]}', '{"x": [1]}', '{"0": 1}']
)
def test_answers_of_a_wrong_shape_are_said_to_be_so(tmp_path: Path, answers: str) -> None:
    path = tmp_path / "one.json.gz"
    path.write_bytes(gzip.compress(f'{{"answers": {answers}}}'.encode()))
    with pytest.raises(DamagedFile, match="no answers"):
        read_unit(path)
    path.write_bytes(gzip.compress(b"[]" * 100)[:10] + b"\xff" * 30)
    with pytest.raises(DamagedFile, match="no answers"):
        read_unit(path)
