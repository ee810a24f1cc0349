"""A small few-shot evaluation on the disk."""

from pathlib import Path

import pytest

from icl_lab.language.asking.plan import carry_out, plan
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.folder import write_results
from icl_lab.language.spec import FewShot
from tests.unit.language.toys import ToyModel

TASKS = tuple(LANGUAGE_TASKS.get(name)() for name in ("next_letter", "country_capital", "religion"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models, one of which needs more demonstrations; next_letter has too few pairs for 32."""
    path = tmp_path_factory.mktemp("fewshot")
    spec = FewShot(tasks=TASKS, shots=(0, 4, 5, 32), num_queries=10, labels=("true", "shuffled"))
    pairs = [pair for task in TASKS for pair in task.pairs()]
    plans = {}
    for name, needed in (("quick", 2), ("slow $x$ <b>", 5)):
        model = ToyModel(pairs, needed=needed, name=name)
        plans[name] = plan(model, spec, path)
        carry_out(plans[name], model, spec, path)
    write_results(path, spec, plans, {"quick": {"parameters": 1234, "licence": "MIT", "note": "4-bit"}})
    return path
