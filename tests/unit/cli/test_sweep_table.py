"""The table of jobs."""

import io

import pytest
from rich.console import Console

from icl_lab.cli import sweep_table
from icl_lab.cli.sweep_table import ROWS, SweepTable, summary
from icl_lab.sweep.base import Outcome, Progress, Status

STATUSES = (
    Status("done", "finished"),
    Status("linear_regression mamba [seed 1]", "running", Progress(0.25, 90.0, "error 0.120 of zero predictor")),
    Status("next", "waiting"),
    Status("broken", "failed", line="training diverged"),
)
OUTCOME = Outcome(finished=("done",), failed={"broken": "training diverged"}, left={"next": "the time was up"})
BUSY = Outcome(finished=("done",), left={"one": "at work elsewhere", "two": "at work elsewhere"})


def shown(*, terminal: bool) -> tuple[SweepTable, io.StringIO]:
    stream = io.StringIO()
    return SweepTable(Console(file=stream, force_terminal=terminal, width=120, color_system=None), "park2024"), stream


def test_without_a_terminal_there_is_a_line_a_change_and_one_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_table, "LINE_SECONDS", 0.0)
    table, stream = shown(terminal=False)
    table._next_line = 0.0
    table.begin(STATUSES)
    table.changed(STATUSES[3])
    table.show(STATUSES, 125.0)
    table.end(OUTCOME)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "park2024: 1 of 4 finished, 1 running, 1 waiting, 1 failed"
    assert "failed broken: training diverged" in lines
    assert "1 of 4 finished, 1 running, 1 waiting, 1 failed; about 2 min 5 s left" in lines
    assert "  linear_regression mamba [seed 1]: 25%  error 0.120 of zero predictor" in lines
    assert "park2024: 1 finished, 1 failed, 1 left for another time" in lines
    assert all(ord(letter) < 128 for line in lines for letter in line)  # a log is read by anything


def test_what_is_left_is_said_with_the_reason_and_what_to_do() -> None:
    table, stream = shown(terminal=False)
    table.end(BUSY)
    assert stream.getvalue().splitlines() == [
        "park2024: 1 finished, 2 left for another time",
        "  2 left: at work elsewhere",
        "  the same command goes on with what is left",
    ]


def test_a_terminal_shows_progress_error_and_time_left() -> None:
    table, stream = shown(terminal=True)
    table.begin(STATUSES)
    table.show(STATUSES, 125.0)
    text = stream.getvalue()
    assert "━━━━╌╌╌╌╌╌╌╌╌╌╌╌  25%" in text
    for words in ("linear_regression mamba [seed 1]", "1 min 30 s", "error 0.120 of zero predictor", "2 min 5 s left"):
        assert words in text
    table.end(OUTCOME)
    assert "failed broken: training diverged" in stream.getvalue()


def test_of_many_jobs_those_that_run_are_shown_first() -> None:
    many = [Status(f"job {i}", "finished") for i in range(50)] + [Status("now", "running"), Status("soon", "waiting")]
    rows = sweep_table._chosen(many)
    assert [status.name for status in rows[:2]] == ["now", "soon"]
    assert len(rows) == ROWS


def test_the_summary_of_nothing_is_short() -> None:
    assert summary([]) == "0 of 0 finished"
