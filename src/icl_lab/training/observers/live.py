"""A live display: progress, loss, error, speed and time left; plain lines where there is no terminal."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from icl_lab.core.durations import duration
from icl_lab.training.observers.base import Observer
from icl_lab.training.result import StepResult
from icl_lab.training.spec import RunSpec

LINES = 10  # plain lines a run, about


class LiveDisplay(Observer):
    """Shows a run on a console.

    Args:
        console: Where to show it.
        label: What to call the run.
        baseline_error: Error of the best baseline on the task, to compare with; the zero predictor alone without it.
    """

    def __init__(self, console: Console, label: str, baseline_error: float | None = None) -> None:
        self._console = console
        self._label = label
        self._baseline_error = baseline_error
        self._bar: Progress | None = None

    def begin(self, spec: RunSpec, step: int) -> None:
        self._zero_error = spec.task.zero_error
        self._error: float | None = None
        self._pace: float | None = None
        self._next_line = 0.0
        if step:
            self._console.print(f"{self._label}: going on from step {step:,}", markup=False, highlight=False)
        if self._console.is_terminal:
            # The label is text from a spec, not markup.
            label = TextColumn("{task.description}", markup=False)
            bar = Progress(
                label, BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[words]}"), console=self._console
            )
            bar.start()
            self._bar, self._task = bar, bar.add_task(self._label, total=None, completed=step, words="")

    def observe(self, result: StepResult) -> None:
        self._error = self._error if result.error is None else result.error
        pace = self._pace or result.seconds
        self._pace = 0.95 * pace + 0.05 * result.seconds
        if self._bar is not None:
            self._bar.update(self._task, completed=result.step, total=result.total, words=self._words(result))
        elif result.step >= self._next_line or result.step == result.total:
            head = f"{self._label}: step {result.step:,} of {result.total:,}"
            self._console.print(f"{head}  {self._words(result)}", markup=False, highlight=False, soft_wrap=True)
            self._next_line = result.step + result.total / LINES

    def end(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _words(self, result: StepResult) -> str:
        assert self._pace is not None
        left = (result.total - result.step) * self._pace
        speed = f"{result.tokens / self._pace:,.0f} tokens/s" if self._pace > 0 else "- tokens/s"
        return "  ".join(
            word
            for word in (f"loss {result.smoothed_loss:.4g}", self._error_words(), speed, duration(left) + " left")
            if word
        )

    def _error_words(self) -> str:
        if self._error is None:
            return ""
        words = f"error {self._error / self._zero_error:.3f} of zero predictor" if self._zero_error else ""
        if self._baseline_error:
            words += f", {self._error / self._baseline_error:.2f} of best baseline"
        return words.removeprefix(", ")
