"""Making trials one after another, with Optuna's journal and pruning. The only file that knows Optuna.

Optuna keeps what was tried and decides which trials stop early; which recipes are tried is not left to it, so that all
architectures are given the same ones. A trial stops early where its best error is behind the median of the trials
before it, after a third of its steps, since a loss may stay on a plateau for long, and never at its last step: a
training that is whole is a trial that is complete, however often it was interrupted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from icl_lab.core.errors import DamagedFile, Stopped, UserError
from icl_lab.core.files import exclusive
from icl_lab.core.records import read_records
from icl_lab.sweep.stopping import deferred
from icl_lab.training.loop import Diverged
from icl_lab.training.observers.base import Observer
from icl_lab.training.result import StepResult
from icl_lab.training.run import train_run
from icl_lab.training.spec import RunSpec

BEFORE_PRUNING = 2
"""Trials that go to their end before any is stopped early."""
JOURNAL = "trials.log"

State = Literal["complete", "pruned", "diverged"]


@dataclass(frozen=True, kw_only=True)
class End:
    """How a trial ended.

    Args:
        state: At its last step, before it, or because a loss or weight was not finite.
        error: Newest error on held-out prompts; none where it diverged, which counts as worse than any error.
        step: Optimiser steps that it took.
        seconds: That they took.
    """

    state: State
    error: float | None
    step: int
    seconds: float


def make_trials(
    folder: Path,
    trials: Sequence[tuple[RunSpec, Path]],
    *,
    unpruned_steps: int,
    note: Callable[[Mapping[int, End]], None],
) -> None:
    """Make the trials that the journal does not hold yet, from the checkpoint of the one that was interrupted on.

    Args:
        folder: Of the journal.
        trials: For each trial its training and the folder of that.
        unpruned_steps: Optimiser steps of a trial that are never saved.
        note: Is told how the trials ended, by their place in the list, whenever one did.

    Raises:
        UserError: Optuna is not installed, or another process is at work in the folder.
        DamagedFile: The journal or a training cannot be read.
        Stopped: Where it was asked to stop; the training has a checkpoint.
    """
    optuna = load_optuna()
    with exclusive(folder), deferred() as asked:
        study = _journal(optuna, folder / JOURNAL, unpruned_steps)
        for number in range(len(trials)):
            if number not in _ended(study):
                _make(study, number, trials, asked)
            note(_ended(study))


def load_optuna() -> Any:
    """Optuna.

    Raises:
        UserError: It is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise UserError("the search needs Optuna: pip install 'icl-lab[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _journal(optuna: Any, path: Path, unpruned_steps: int) -> Any:
    """Optuna's study. A trial that it has as running was interrupted; it is noted as failed, and made once more."""
    _cut_torn_line(path)
    try:
        storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
        pruner = optuna.pruners.MedianPruner(n_startup_trials=BEFORE_PRUNING, n_warmup_steps=unpruned_steps)
        study = optuna.create_study(study_name="search", storage=storage, load_if_exists=True, pruner=pruner)
    except (ValueError, KeyError) as trouble:
        raise DamagedFile(path, f"no journal of Optuna ({trouble})", "move it away and search again") from None
    for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    return study


def _make(study: Any, number: int, trials: Sequence[tuple[RunSpec, Path]], asked: Callable[[], bool]) -> None:
    optuna = load_optuna()
    if not study.get_trials(states=(optuna.trial.TrialState.WAITING,)):  # after a kill there may be this one
        study.enqueue_trial({"recipe": number})
    trial = study.ask({"recipe": optuna.distributions.IntDistribution(0, 10**6)})
    assert trial.params["recipe"] == number
    run, folder = trials[number]
    report = _Report(trial, folder, asked)
    state: State = "complete"
    try:
        train_run(run, folder, [report])
        report.repeat()  # what was measured before, where there was nothing left to train
    except _Behind:
        state = "pruned"
    except Diverged:
        state = "diverged"
    trial.set_user_attr("end", asdict(_end(state, report.error, folder)))
    if state == "pruned":
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    else:
        study.tell(trial, float("inf") if state == "diverged" else report.error)


def _end(state: State, error: float, folder: Path) -> End:
    seconds = read_records(folder / "records.jsonl").filter(pl.col("metric") == "seconds")
    step, time = seconds.select("step", "value").row(-1) if len(seconds) else (0, 0.0)
    return End(state=state, error=None if state == "diverged" else error, step=step, seconds=time)


def _ended(study: Any) -> dict[int, End]:
    trials = (trial for trial in study.trials if trial.state.name in ("COMPLETE", "PRUNED"))
    return dict(sorted((trial.params["recipe"], End(**trial.user_attrs["end"])) for trial in trials))


class _Behind(Exception):
    """A trial is stopped early."""


class _Report(Observer):
    """Tells Optuna of every held-out error of a training, those before an interruption included, and stops it."""

    def __init__(self, trial: Any, folder: Path, asked: Callable[[], bool]) -> None:
        self._trial = trial
        self._folder = folder
        self._asked = asked
        self._reported: set[int] = set()
        self.error = float("inf")

    def begin(self, spec: RunSpec, step: int) -> None:
        self.repeat()

    def repeat(self) -> None:
        """Report what the training curve holds and was not reported yet."""
        rows = read_records(self._folder / "records.jsonl").filter(pl.col("metric").str.starts_with("held_out_"))
        for step, error in rows.select("step", "value").iter_rows():
            self._report(step, error)

    def observe(self, result: StepResult) -> None:
        if result.error is not None:
            self._report(result.step, result.error)
            if result.step < result.total and self._trial.should_prune():
                raise _Behind
        if self._asked():
            raise Stopped

    def _report(self, step: int, error: float) -> None:
        if step not in self._reported:
            self._reported.add(step)
            self._trial.report(error, step)
            self.error = error


def _cut_torn_line(path: Path) -> None:
    """Remove what a kill in mid-write has left at the end of a journal: Optuna would append to it."""
    if path.is_file():
        content = path.read_bytes()
        end = content.rfind(b"\n") + 1
        if end < len(content):
            with path.open("r+b") as file:
                file.truncate(end)
