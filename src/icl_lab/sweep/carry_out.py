"""The loop that every executor runs: start what may start, wait, note how it ended, show."""

import time
from collections.abc import Callable, Sequence

from icl_lab.sweep.base import Job, Outcome, Watcher
from icl_lab.sweep.board import Board
from icl_lab.sweep.crew import TICK_SECONDS, Crew, End


def carry_out(
    jobs: Sequence[Job], make_crew: Callable[[], Crew], watch: Watcher, deadline_seconds: float | None = None
) -> Outcome:
    """Carry out jobs by a crew, which is made only where something is left to do.

    Jobs are started in their order. With a deadline a job that will not be done by then, as far as that is known, is
    started only if no other one would be; at the deadline whoever is at work is stopped softly.

    Raises:
        KeyboardInterrupt: After the workers were stopped softly; at once at the second one.
    """
    deadline = None if deadline_seconds is None else time.monotonic() + deadline_seconds
    board = Board(jobs)
    watch.begin(board.statuses)
    try:
        if not board.settled:
            _work(board, make_crew, watch, deadline)
    finally:
        watch.end(board.outcome())
    return board.outcome()


def _work(board: Board, make_crew: Callable[[], Crew], watch: Watcher, deadline: float | None) -> None:
    crew = make_crew()
    line = "not begun: it was stopped"
    try:
        while not board.settled:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                line = "not begun: the time was up"
                break
            _start(board, crew, watch, left)
            _note(board, watch, crew.wait(TICK_SECONDS if left is None else min(TICK_SECONDS, left)))
            board.look()
            watch.show(board.statuses, board.seconds_left(crew.size))
    finally:
        # Also at Ctrl-C: who is at work is asked to stop, and may write a checkpoint.
        try:
            _note(board, watch, crew.stop(), stopping=True)
        finally:
            crew.close()
            _note(board, watch, [End(name, "died") for name in board.running], stopping=True)
            for status in board.leave_rest(line):
                watch.changed(status)


def _start(board: Board, crew: Crew, watch: Watcher, seconds_left: float | None) -> None:
    chosen: list[Job] = []
    ready = board.ready(time.monotonic())
    for _ in range(min(crew.size - len(board.running), len(ready))):
        job = ready[0] if seconds_left is None else _first_that_fits(board, ready, seconds_left)
        ready.remove(job)
        chosen.append(job)
    if chosen:
        started = [board.start(job.name) for job in chosen]
        crew.start(chosen)
        for status in started:
            watch.changed(status)


def _first_that_fits(board: Board, ready: Sequence[Job], seconds_left: float) -> Job:
    may_ask = True  # one a call: where many do not fit, asking all of them would take the time that is left
    for job in ready:
        if not board.knows_seconds_of(job.name):
            if not may_ask:
                return job
            may_ask = False
        seconds = board.seconds_of(job.name)
        if seconds is None or seconds <= seconds_left:
            return job
    return ready[0]


def _note(board: Board, watch: Watcher, ends: Sequence[End], *, stopping: bool = False) -> None:
    for end in ends:
        for status in board.note(end, time.monotonic(), stopping=stopping):
            watch.changed(status)
