"""Answers are kept while they come in: a task goes on after its last answer, wherever it was stopped."""

import gzip
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from icl_lab.core.errors import DamagedFile
from icl_lab.language.asking.answers import read_held, read_unit
from icl_lab.language.asking.plan import carry_out, plan
from icl_lab.language.base import LANGUAGE_TASKS
from icl_lab.language.measures.summary import records_of
from icl_lab.language.spec import FewShot
from tests.unit.language.toys import ToyModel

LETTERS = LANGUAGE_TASKS.get("next_letter")()
SPEC = FewShot(tasks=(LETTERS,), shots=(0, 2, 4), num_queries=12, num_seeds=2, labels=("true", "shuffled"))
Call = tuple[str, tuple[str, ...]]


class Watched(ToyModel):
    """Stops instead of its `stop`-th call, and shows the folder to someone before every call."""

    def __init__(self, stop: int | None = None, folder: Path | None = None, copies: Path | None = None) -> None:
        super().__init__(LETTERS.pairs())
        self._stop, self._folder, self._copies = stop, folder, copies

    def next_tokens(self, prompts: Sequence[str], *, prefix: str = "") -> list[int]:
        if len(self.calls) == self._stop:
            raise KeyboardInterrupt
        if self._copies and self._folder and self._folder.exists():
            shutil.copytree(self._folder, self._copies / str(len(self.calls)))
        return super().next_tokens(prompts, prefix=prefix)


def answer(folder: Path, model: ToyModel, spec: FewShot = SPEC, seconds: float = 1e9) -> list[Call]:
    """Asks what is missing; by default nothing is written before the end of a file."""
    carry_out(plan(model, spec, folder), model, spec, folder, seconds=seconds)
    return model.calls


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "answers").iterdir()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Call], dict[str, bytes]]:
    """All calls of an evaluation that nobody stopped, and its files."""
    folder = tmp_path_factory.mktemp("whole")
    return answer(folder, Watched()), files(folder)


def test_stopped_at_any_call_it_goes_on_there_and_ends_the_same(
    whole: tuple[list[Call], dict[str, bytes]], tmp_path: Path
) -> None:
    calls, wanted = whole
    assert len(calls) == 2 * (1 + 3 * 2) + 2 * 3 * 2  # without demonstrations one call; else a call a set
    for stop in range(len(calls)):
        folder, first = tmp_path / str(stop), Watched(stop)
        with pytest.raises(KeyboardInterrupt):
            answer(folder, first)
        assert [*first.calls, *answer(folder, Watched())] == calls
        assert files(folder) == wanted


def test_killed_at_any_call_it_goes_on_there(whole: tuple[list[Call], dict[str, bytes]], tmp_path: Path) -> None:
    calls, wanted = whole
    answer(tmp_path / "a", Watched(folder=tmp_path / "a", copies=tmp_path), seconds=0)
    assert files(tmp_path / "a") == wanted
    for stop in range(1, len(calls)):
        assert [*calls[:stop], *answer(tmp_path / str(stop), Watched())] == calls
        assert files(tmp_path / str(stop)) == wanted


def test_what_is_begun_is_not_summed_up(tmp_path: Path) -> None:
    asked = Watched(stop=4)  # without demonstrations everything, with two and four one set and a part of the next
    with pytest.raises(KeyboardInterrupt):
        answer(tmp_path, asked)
    todo = plan(asked, SPEC, tmp_path)
    path = todo.steps[0].unit.path(tmp_path, SPEC)
    assert set(read_unit(path)) == {0}
    assert {count: len(rows) for count, rows in read_held(path).begun.items()} == {2: 10, 4: 5}
    assert todo.steps[0].missing == (2, 4)
    assert not [one for one in records_of(todo, SPEC, tmp_path) if one.metric.startswith("accuracy")]
    # What is left costs less than everything, and what is done is counted whole.
    before = plan(asked, SPEC, tmp_path / "empty")
    assert todo.steps[0].cost == before.steps[0].cost - (1.5 * 12 + 4 * 1 + 1.5 * (10 + 5))
    done: list[float] = []
    carry_out(todo, Watched(), SPEC, tmp_path, lambda step, cost: done.append(cost))
    assert done == sorted(done)
    assert done[-1] == pytest.approx(todo.cost, rel=1e-12)  # sums of some tens of floats


def test_other_numbers_of_demonstrations_leave_what_is_begun(
    whole: tuple[list[Call], dict[str, bytes]], tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        answer(tmp_path, Watched(stop=4))
    answer(tmp_path, Watched(), SPEC.replace(shots=(1,)))
    assert len(answer(tmp_path, Watched())) == len(whole[0]) - 4


def test_files_from_before_are_read(whole: tuple[list[Call], dict[str, bytes]], tmp_path: Path) -> None:
    assert all(set(json.loads(gzip.decompress(one))) == {"model", "weights", "task", "labels", "seed", "answers"}
               for one in whole[1].values())  # fmt: skip
    folder = Path(__file__).parents[4] / "results" / "fewshot" / "gemma3-270m" / "answers"
    committed = sorted(folder.glob("????????????.json.gz"))
    assert committed
    assert all((held := read_held(path)).whole and not held.begun for path in committed)


def test_begun_answers_of_other_queries_are_asked_anew(
    whole: tuple[list[Call], dict[str, bytes]], tmp_path: Path
) -> None:
    asked = Watched(stop=4)
    with pytest.raises(KeyboardInterrupt):
        answer(tmp_path, asked)
    path = plan(asked, SPEC, tmp_path).steps[0].unit.path(tmp_path, SPEC)
    data = json.loads(gzip.decompress(path.read_bytes()))
    data["begun"]["2"][0][1] = "another query"
    data["begun"]["4"] = data["begun"]["4"][:3]  # a part of a set
    path.write_bytes(gzip.compress(json.dumps(data).encode()))
    assert len(answer(tmp_path, Watched())) == len(whole[0]) - 1
    assert files(tmp_path) == whole[1]


def test_a_number_of_demonstrations_with_too_few_answers_is_said_to_be_so(tmp_path: Path) -> None:
    asked = Watched()
    answer(tmp_path, asked)
    path = plan(asked, SPEC, tmp_path).steps[0].unit.path(tmp_path, SPEC)
    data = json.loads(gzip.decompress(path.read_bytes()))
    data["answers"]["2"].pop()
    path.write_bytes(gzip.compress(json.dumps(data).encode()))
    with pytest.raises(DamagedFile, match="not the answers of 12 queries"):
        plan(asked, SPEC, tmp_path)
