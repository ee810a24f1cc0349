"""The folder that an evaluation writes."""

import json
from pathlib import Path

from icl_lab.language.asking.plan import carry_out, plan
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.folder import write_results
from icl_lab.language.spec import FewShot
from tests.unit.language.toys import ToyModel

LETTERS = LANGUAGE_TASKS.get("next_letter")()
CAPITALS = LANGUAGE_TASKS.get("country_capital")()
SPEC = FewShot(tasks=(LETTERS, CAPITALS), shots=(0, 1, 4), num_queries=20, labels=("true", "shuffled"))


def model() -> ToyModel:
    return ToyModel([*LETTERS.pairs(), *CAPITALS.pairs()])


def test_the_folder_can_be_drawn(tmp_path: Path) -> None:
    asked = model()
    todo = plan(asked, SPEC, tmp_path)
    carry_out(todo, asked, SPEC, tmp_path)
    write_results(tmp_path, SPEC, {"toy": todo}, {"toy": {"parameters": 3, "licence": "none"}})
    data = json.loads((tmp_path / "fewshot.json").read_text())
    assert data["tasks"][0]["prompt"].endswith("->")
    assert data["common"] == ["next_letter", "country_capital"]
