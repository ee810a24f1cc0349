"""How far a few-shot evaluation has come, and the time that is left."""

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from icl_lab.core.durations import duration
from icl_lab.language.asking.plan import Plan, Step

LINE_SECONDS = 30.0  # between two plain lines where there is no terminal


class Shown:
    """Progress and the time left: a bar where there is a terminal, a line now and then where there is none.

    Args:
        console: Where to.
        plan: What is asked.
    """

    def __init__(self, console: Console, plan: Plan) -> None:
        self._console, self._plan = console, plan
        self._begun = self._said = time.monotonic()
        columns = (
            TextColumn("{task.description}"),
            BarColumn(24),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}"),
        )
        self._bar = Progress(*columns, console=console, transient=True) if console.is_terminal else None
        self._id = self._bar.add_task(plan.model, total=max(plan.cost, 1e-9), left="") if self._bar else None

    def __enter__(self) -> "Shown":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()

    def __call__(self, step: Step, done: float) -> None:
        """Tell how far it has come."""
        now, total = time.monotonic(), self._plan.cost
        if not total:
            return
        left = f"about {duration((now - self._begun) * (total - done) / done)} left" if done > 0.02 * total else ""
        unit = step.unit
        words = f"{unit.model}: {unit.task.title}" + (f", {unit.labels} labels" if unit.labels != "true" else "")
        if self._bar is not None and self._id is not None:
            self._bar.update(self._id, completed=done, description=words, left=left)
        elif now - self._said > LINE_SECONDS:
            self._said = now
            self._console.print(f"{words}: {done / total:.0%} {left}", markup=False, highlight=False, soft_wrap=True)
