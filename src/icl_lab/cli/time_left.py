"""How far some work has come, and the time that is left: a bar on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from icl_lab.core.durations import duration

LINE_SECONDS = 15.0
"""Between two plain lines where there is no terminal."""
BEGUN = 0.03
"""Of the work: before so much of it is done, nothing is said of what is left."""


class TimeLeft:
    """Shows a part that is done, from 0 to 1.

    Args:
        console: Where to.
        words: What the work is called at first.
        clock: Seconds since some moment.
    """

    def __init__(self, console: Console, words: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._begun = self._said = clock()
        # What is said may hold names from a spec, which are not markup.
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(24),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None
        self._id = self._bar.add_task(words, total=1.0, left="") if self._bar else None

    def __enter__(self) -> "TimeLeft":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, done: float, words: str) -> None:
        """Tell how far it has come, and what is worked at."""
        now = self._clock()
        left = f"about {duration((now - self._begun) * (1 - done) / done)} left" if BEGUN < done < 1 else ""
        if self._bar is not None and self._id is not None:
            self._bar.update(self._id, completed=done, description=words, left=left)
        elif now - self._said >= LINE_SECONDS and done < 1:
            self._said = now
            self._console.print(f"{words}: {done:.0%} {left}".rstrip(), markup=False, highlight=False, soft_wrap=True)
