"""What every executor keeps."""

from pathlib import Path

import pytest

from icl_lab.core.errors import UserError
from icl_lab.core.short_form import from_short
from icl_lab.sweep.base import EXECUTORS, Executor
from tests.unit.sweep.jobs import Counting, Notes


@pytest.fixture(params=EXECUTORS.names())
def executor(request: pytest.FixtureRequest) -> Executor:
    return EXECUTORS.get(request.param)()


def test_it_survives_json_and_the_command_line(executor: Executor) -> None:
    other = executor.replace(threads=2)
    assert Executor.from_json(other.to_json()) == other
    assert from_short(EXECUTORS, other.short()) == other


def test_where_everything_is_done_it_needs_no_workers(executor: Executor, tmp_path: Path) -> None:
    done, notes = Counting("a", tmp_path), Notes()
    done.execute(1)
    outcome = executor.run([done], notes)
    assert outcome.finished == ("a",)
    assert notes.outcome == outcome
    assert len(done.starts) == 1


def test_a_list_that_makes_no_sense_is_refused(executor: Executor, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not among the jobs"):
        executor.run([Counting("a", tmp_path, after=("b",))], Notes())
