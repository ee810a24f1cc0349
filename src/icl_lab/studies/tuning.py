"""Finding a recipe: a small search under an equal budget for every architecture, by Optuna with pruning.

Every trial trains for the same share of the part's steps, from a seed that no evaluated training has, and is judged by
its mean error on held-out prompts. A trial that is behind the median of those before it is stopped early. What is found
goes into `recipes_found/<study>.json`, which studies read through `chosen.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from icl_lab.core.errors import UserError
from icl_lab.core.files import read_json, write_json
from icl_lab.studies.base import Part
from icl_lab.studies.comparison import Entry
from icl_lab.sweep.base import Progress
from icl_lab.tasks.base import Task
from icl_lab.tasks.parts.curriculum import Curriculum, Ramp
from icl_lab.training.budgets.steps import Steps
from icl_lab.training.loop import Diverged
from icl_lab.training.observers.base import Observer
from icl_lab.training.optimisers.adam import Adam
from icl_lab.training.optimisers.adamw import AdamW
from icl_lab.training.optimisers.base import OptimiserSpec
from icl_lab.training.optimisers.muon import Muon
from icl_lab.training.result import StepResult
from icl_lab.training.run import run_folder, train_run
from icl_lab.training.spec import RunSpec, TrainingSpec

SEED = 1000
"""Of weights and prompts in every trial: no evaluated training has it."""
RATES = {"adam": (3e-4, 6e-3), "adamw": (3e-4, 6e-3), "muon": (3e-4, 4e-3)}
RAMPED = 0.3
"""Share of the training after which a curriculum has reached the whole task."""
CHECKS = 10
"""Measurements of the held-out error in a trial, at each of which it may be stopped."""


@dataclass(frozen=True)
class TuningJob:
    """The search for one architecture on one part.

    Args:
        part: The part.
        entry: The architecture, with the recipe that is changed.
        folder: Where trials and their journal are kept; the same job goes on with what is there.
        trials: How many recipes are tried.
        share: Of the part's steps that a trial trains for.
    """

    part: Part
    entry: Entry
    folder: Path
    trials: int = 8
    share: float = 0.25

    @property
    def name(self) -> str:
        """In tables."""
        return f"{self.part.name} {self.entry.model.word} search"

    @property
    def after(self) -> tuple[str, ...]:
        """Nothing comes before it."""
        return ()

    def is_done(self) -> bool:
        """Whether all trials were made."""
        return self.found() is not None

    def found(self) -> Mapping[str, Any] | None:
        """What was chosen, with every trial; none before the search is over."""
        path = self.folder / "found.json"
        if not path.is_file():
            return None
        found = read_json(path)
        return found if isinstance(found, dict) and found.get("trials_wanted") == self.trials else None

    def execute(self, threads: int) -> None:
        """Make the trials that are missing and write what is chosen."""
        optuna = _optuna()
        self.folder.mkdir(parents=True, exist_ok=True)
        storage = optuna.storages.JournalStorage(
            optuna.storages.journal.JournalFileBackend(str(self.folder / "trials.log"))
        )
        study = optuna.create_study(
            study_name=self.name,
            storage=storage,
            load_if_exists=True,
            sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=max(3, self.trials // 2)),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=self.steps // 3),
        )
        # The recipe that every model has without a search is the first one tried: nothing chosen is worse than it.
        if not study.trials:
            study.enqueue_trial({"optimiser": "muon", "muon_rate": 1e-3, "curriculum": False})
        done = [trial for trial in study.trials if trial.state.is_finished()]
        study.optimize(self._trial, n_trials=max(0, self.trials - len(done)), catch=(Diverged,))
        write_json(self.folder / "found.json", self._described(study))

    @property
    def steps(self) -> int:
        """Optimiser steps of a trial."""
        budget = self.entry.training.budget
        assert isinstance(budget, Steps)
        return max(CHECKS, round(self.share * budget.amount))

    def progress(self) -> Progress | None:
        """Trials so far."""
        finished = len(list(self.folder.glob("runs/*/checkpoint.safetensors")))
        return Progress(min(1.0, finished / self.trials), 0.0, f"trial {finished} of {self.trials}")

    def estimate(self) -> float | None:
        """Not known."""
        return None

    def training(self, optimiser: OptimiserSpec, curriculum: Curriculum | None) -> TrainingSpec:
        """The recipe of one trial."""
        every = max(1, self.steps // CHECKS)
        return self.entry.training.replace(
            budget=Steps(amount=self.steps),
            optimiser=optimiser,
            curriculum=curriculum,
            warmup=min(self.entry.training.warmup, self.steps // 5),
            held_out_interval=every,
            checkpoint_interval=every,
        )

    def _trial(self, trial: Any) -> float:
        kind = trial.suggest_categorical("optimiser", sorted(RATES))
        rate = trial.suggest_float(f"{kind}_rate", *RATES[kind], log=True)
        task = self.part.comparison.task
        ramped = trial.suggest_categorical("curriculum", [False, True]) if _can_ramp(task) else False
        curriculum = compressed(task, round(RAMPED * self.steps)) if ramped else None
        training = self.training(optimiser(kind, rate), curriculum)
        run = RunSpec(task=task, model=self.entry.model, training=training, seed=SEED)
        report = _Report(trial)
        train_run(run, run_folder(self.folder, run), [report])
        return report.error

    def _described(self, study: Any) -> dict[str, Any]:
        best = study.best_trial
        kind = best.params["optimiser"]
        budget = self.entry.training.budget
        assert isinstance(budget, Steps)
        whole = (
            compressed(self.part.comparison.task, round(RAMPED * budget.amount))
            if best.params.get("curriculum")
            else None
        )
        return {
            "training": {
                "optimiser": optimiser(kind, best.params[f"{kind}_rate"]).to_json(),
                "curriculum": None if whole is None else whole.to_json(),
            },
            "error": best.value,
            "steps": self.steps,
            "trials_wanted": self.trials,
            "trials": [
                {"state": trial.state.name.lower(), "error": trial.value, **trial.params} for trial in study.trials
            ],
        }


class _Report(Observer):
    """Tells Optuna of every held-out error, and stops the trial where Optuna says so."""

    def __init__(self, trial: Any) -> None:
        self._trial = trial
        self.error = float("inf")

    def observe(self, result: StepResult) -> None:
        if result.error is None:
            return
        self.error = result.error
        self._trial.report(result.error, result.step)
        if self._trial.should_prune():
            raise _optuna().TrialPruned


def optimiser(kind: str, rate: float) -> OptimiserSpec:
    """An optimiser by name, its rate rounded to two digits so that a recipe can be read."""
    rounded = float(f"{rate:.2g}")
    if kind == "adam":
        return Adam(rate=rounded)
    return AdamW(rate=rounded) if kind == "adamw" else Muon(rate=rounded)


def compressed(task: Task, steps: int) -> Curriculum:
    """The published curriculum of a task, squeezed so that it ends after `steps` optimiser steps."""
    published = task.curriculum
    return Curriculum(dims=_squeezed(published.dims, steps), length=_squeezed(published.length, steps))


def _squeezed(ramp: Ramp | None, steps: int) -> Ramp | None:
    if ramp is None or ramp.increment == 0:
        return ramp
    rises = -(-(ramp.end - ramp.start) // ramp.increment)
    return ramp.replace(interval=max(1, steps // max(1, rises)))


def _can_ramp(task: Task) -> bool:
    return task.curriculum != Curriculum()


def keep(study: str, jobs: tuple[TuningJob, ...], path: Path) -> dict[str, Any]:
    """Add what finished searches chose to the stored recipes of a study.

    Args:
        study: Its name.
        jobs: The searches.
        path: The file of recipes, kept as it is where a search is not over.

    Raises:
        UserError: No search is over.
    """
    stored: dict[str, Any] = read_json(path) if path.is_file() else {}
    finished = [(job, found) for job in jobs if (found := job.found()) is not None]
    if not finished:
        raise UserError(f"no search of {study} is over: nothing to store")
    for job, found in finished:
        stored.setdefault(job.part.name, {})[job.entry.model.word] = found
    write_json(path, stored)
    return stored


def _optuna() -> Any:
    """Optuna, or one line about how to get it."""
    try:
        import optuna
    except ImportError:
        raise UserError("the search needs Optuna: pip install 'icl-lab[tune]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
