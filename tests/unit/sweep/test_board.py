"""What may start, and what follows from an end."""

from pathlib import Path

import pytest

from icl_lab.core.errors import UserError
from icl_lab.sweep.base import Job
from icl_lab.sweep.board import HELD_SECONDS, PAUSE_SECONDS, RESTARTS, Board
from icl_lab.sweep.crew import End
from tests.unit.sweep.jobs import Counting

NOW = 1000.0


def states(board: Board) -> dict[str, str]:
    return {status.name: status.state for status in board.statuses}


def names(board: Board, now: float = NOW) -> list[str]:
    return [job.name for job in board.ready(now)]


@pytest.fixture
def chain(tmp_path: Path) -> Board:
    """Two trainings, an evaluation of both in front of the second one, a page after that, and something else."""
    return Board(
        [
            Counting("first", tmp_path),
            Counting("evaluation", tmp_path, after=("first", "second")),
            Counting("second", tmp_path),
            Counting("page", tmp_path, after=("evaluation",)),
            Counting("else", tmp_path),
        ]
    )


def finish(board: Board, name: str) -> None:
    board.start(name)
    board.jobs[name].execute(1)
    board.note(End(name, "finished"), NOW)


def test_the_double_is_a_job(tmp_path: Path) -> None:
    assert isinstance(Counting("a", tmp_path), Job)


def test_jobs_are_ready_in_their_order_once_what_they_come_after_is_finished(chain: Board) -> None:
    assert names(chain) == ["first", "second", "else"]
    finish(chain, "first")
    assert names(chain) == ["second", "else"]
    finish(chain, "second")
    assert names(chain) == ["evaluation", "else"]
    chain.start("evaluation")
    assert names(chain) == ["else"]


def test_what_was_done_before_is_finished_from_the_start(tmp_path: Path) -> None:
    jobs = [Counting("a", tmp_path), Counting("b", tmp_path, after=("a",))]
    jobs[0].execute(1)
    board = Board(jobs)
    assert states(board) == {"a": "finished", "b": "waiting"}
    assert names(board) == ["b"]


@pytest.mark.parametrize(("how", "state"), [("failed", "failed"), ("held", "left")])
def test_what_comes_after_a_job_that_is_not_finished_is_left_and_nothing_else(
    chain: Board, how: str, state: str
) -> None:
    chain.start("first")
    chain.note(End("first", how, "why"), NOW)
    assert states(chain) == {
        "first": state,
        "evaluation": "left",
        "second": "waiting",
        "page": "left",
        "else": "waiting",
    }
    assert chain.outcome().left["page"] == "evaluation was not finished"


def test_a_job_whose_workers_die_is_started_again_three_times(chain: Board) -> None:
    for _ in range(RESTARTS):
        chain.start("first")
        chain.note(End("first", "died", "by SIGKILL"), NOW)
        assert names(chain)[0] == "first"
    chain.start("first")
    chain.note(End("first", "died", "by SIGKILL"), NOW)
    assert chain.outcome().failed == {"first": "its worker died 4 times, the last time by SIGKILL"}
    assert states(chain)["evaluation"] == "left"


def test_a_folder_held_by_what_is_left_of_a_dead_worker_is_tried_again_for_a_while(chain: Board) -> None:
    chain.start("first")
    chain.note(End("first", "died", "with its machine"), NOW)
    chain.start("first")
    chain.note(End("first", "held"), NOW + 1)
    assert "first" not in names(chain, NOW + 1)
    assert "first" in names(chain, NOW + 1 + PAUSE_SECONDS)
    chain.start("first")
    chain.note(End("first", "held"), NOW + HELD_SECONDS)
    assert chain.outcome().left["first"] == "at work elsewhere"


def test_a_worker_that_was_asked_to_stop_leaves_its_job_for_another_time(chain: Board) -> None:
    chain.start("first")
    chain.start("second")
    chain.note(End("first", "stopped"), NOW, stopping=True)
    chain.note(End("second", "died"), NOW, stopping=True)
    chain.start("else")
    chain.jobs["else"].execute(1)
    chain.note(End("else", "died"), NOW, stopping=True)  # after its last step
    chain.leave_rest("not begun")
    left = chain.outcome().left
    assert chain.outcome().finished == ("else",)
    assert (left["first"], left["second"]) == ("stopped half-way", "stopped half-way")
    assert left["page"] == "evaluation was not finished"
    assert chain.settled


def test_an_end_without_files_is_a_failure(chain: Board) -> None:
    chain.start("first")
    chain.note(End("first", "finished"), NOW)
    assert "its files are not here" in chain.outcome().failed["first"]


def test_lists_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    a = Counting("a", tmp_path)
    with pytest.raises(UserError, match="two jobs are called 'a'"):
        Board([a, a])
    with pytest.raises(UserError, match="a comes after 'b', which is not among the jobs"):
        Board([Counting("a", tmp_path, after=("b",))])
    with pytest.raises(UserError, match="a, b come after each other"):
        Board([Counting("a", tmp_path, after=("b",)), Counting("b", tmp_path, after=("a",)), Counting("c", tmp_path)])


def test_the_time_left_is_that_of_all_workers_together_but_never_less_than_the_longest_job(tmp_path: Path) -> None:
    board = Board([Counting(name, tmp_path, seconds=s) for name, s in (("a", 10.0), ("b", 20.0), ("c", None))])
    assert board.seconds_left(2) == pytest.approx(15.0)  # one is asked a call, the others counted like it
    board.seconds_left(2)
    assert board.seconds_left(2) == pytest.approx(22.5)
    assert board.seconds_left(10) == pytest.approx(20.0)
    for name in "abc":
        finish(board, name)
    assert board.seconds_left(2) == 0.0


def test_progress_tells_more_than_an_estimate(tmp_path: Path) -> None:
    board = Board([Counting("a", tmp_path, steps=4, seconds=50.0)])
    board.start("a")
    (tmp_path / "a.txt").write_text("1\n")
    assert board.seconds_of("a") == 50.0
    board.look()
    assert board.seconds_of("a") == pytest.approx(3.0)  # a quarter of it took a second
