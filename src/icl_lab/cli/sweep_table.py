"""Jobs as they stand: a live table where there is a terminal, plain lines where there is none."""

import time
from collections import Counter
from collections.abc import Sequence

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from icl_lab.core.durations import duration
from icl_lab.sweep.base import Outcome, Progress, State, Status, Watcher

STYLES: dict[State, str] = {
    "waiting": "dim", "running": "bold", "finished": "green", "failed": "red", "left": "yellow",
}  # fmt: skip
ROWS = 20  # jobs in the table at once: those that run, what went wrong, and what comes next
BAR = 16  # characters
LINE_SECONDS = 60.0  # between two plain lines that say how far everything has come


class SweepTable(Watcher):
    """Shows jobs on a console.

    Args:
        console: Where to show them.
        title: What they belong to.
    """

    def __init__(self, console: Console, title: str = "jobs") -> None:
        self._console = console
        self._title = title
        self._live: Live | None = None
        self._next_line = time.monotonic() + LINE_SECONDS

    def begin(self, statuses: Sequence[Status]) -> None:
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._print(f"{self._title}: {summary(statuses)}")
        self.show(statuses, None)

    def changed(self, status: Status) -> None:
        # In the table all of this is to be seen, and the lines above it would push it off the screen.
        if self._live is None or status.state == "failed" or (status.state == "waiting" and status.line):
            self._print(": ".join(word for word in (f"{status.state} {status.name}", status.line) if word))

    def show(self, statuses: Sequence[Status], seconds_left: float | None) -> None:
        words = summary(statuses) + (f"; about {duration(seconds_left)} left" if seconds_left else "")
        if self._live is not None:
            headline = Text(f"{self._title}: {words}", style="bold")
            self._live.update(Group(table(statuses), headline), refresh=True)
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + LINE_SECONDS
            self._print(words)
            for status in statuses:
                if status.state == "running" and status.progress:
                    self._print(f"  {status.name}: {status.progress.fraction:.0%}  {status.progress.note}".rstrip())

    def end(self, outcome: Outcome) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        counts = {"finished": outcome.finished, "failed": outcome.failed, "left for another time": outcome.left}
        said = ", ".join(f"{len(names)} {what}" for what, names in counts.items() if names or what == "finished")
        self._print(f"{self._title}: {said}")
        for name, why in outcome.failed.items():
            self._print(f"  failed {name}: {why}")
        for why, count in Counter(outcome.left.values()).items():
            self._print(f"  {count} left: {why}")
        if outcome.left:
            self._print("  the same command goes on with what is left")

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def summary(statuses: Sequence[Status]) -> str:
    """How many jobs are in which state, in words.

    >>> summary([Status("a", "finished"), Status("b", "waiting"), Status("c", "waiting")])
    '1 of 3 finished, 2 waiting'
    """
    counts = Counter(status.state for status in statuses)
    others = ", ".join(
        f"{counts[state]} {state}" for state in ("running", "waiting", "failed", "left") if counts[state]
    )
    return f"{counts['finished']} of {len(statuses)} finished" + (f", {others}" if others else "")


def table(statuses: Sequence[Status]) -> Table:
    """The jobs that run, those that went wrong, and those that come next, as many as fit."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("job", "state", "progress", "time"):
        grid.add_column(column, no_wrap=True)
    grid.add_column("what there is to say", overflow="ellipsis", no_wrap=True)
    for status in _chosen(statuses):
        style = STYLES[status.state]
        cells = (status.name, status.state, _bar(status.progress), _time(status.progress), _note(status))
        grid.add_row(*(Text(cell) for cell in cells), style=style)
    return grid


def _chosen(statuses: Sequence[Status]) -> list[Status]:
    """At most `ROWS` of them, in the order of their states and then of the list."""
    order: tuple[State, ...] = ("running", "failed", "left", "waiting", "finished")
    return sorted(statuses, key=lambda status: order.index(status.state))[:ROWS]


def _bar(progress: Progress | None) -> str:
    if progress is None:
        return ""
    full = round(progress.fraction * BAR)
    return f"{'━' * full}{'╌' * (BAR - full)} {progress.fraction:4.0%}"


def _time(progress: Progress | None) -> str:
    return duration(progress.seconds) if progress else ""


def _note(status: Status) -> str:
    return status.line or (status.progress.note if status.progress else "")
