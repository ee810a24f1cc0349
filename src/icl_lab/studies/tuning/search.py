"""Finding a recipe: a small search under an equal budget for every architecture.

Every trial trains for the same share of the part's steps, from a seed that no evaluated training has, and is judged by
its mean error on held-out prompts at the end. `plan.py` says which recipes are tried, `journal.py` makes
the trials. What a trial that is stopped early has not used is saved, not spent on another one.

<out>/searches/<digest>/    the journal, and `search.json`, what is known of the trials
<out>/runs/<digest>/        the training of each trial
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import torch

from icl_lab.comparisons.comparison import Entry
from icl_lab.comparisons.recipes import steps_of
from icl_lab.core.errors import DamagedFile
from icl_lab.core.files import inside, read_json, write_json
from icl_lab.core.specs import digest
from icl_lab.studies.base import Part
from icl_lab.studies.tuning.journal import BEFORE_PRUNING, End, State, make_trials
from icl_lab.studies.tuning.plan import OPTIMISERS, Recipe, recipe
from icl_lab.sweep.base import Progress
from icl_lab.tasks.base import Task
from icl_lab.training.budgets.steps import Steps
from icl_lab.training.run import run_folder
from icl_lab.training.spec import RunSpec

SEED = 1000
"""Of weights and prompts in every trial: no evaluated training has it."""
CHECKS = 10
"""Measurements of the held-out error in a trial, at each of which it may be stopped."""
CLEARLY = 0.98
"""Times the error without a search: what is not below that is no better."""
PROMPTS = 256
"""Held-out prompts of a trial."""


@dataclass(frozen=True, kw_only=True)
class Trial(End):
    """A recipe that was tried, and how that ended.

    Args:
        number: Of the recipe, as `plan.recipe` counts them.
        optimiser: Its name and rate.
        curriculum: Whether there was one.
    """

    number: int
    optimiser: str
    curriculum: bool


@dataclass(frozen=True)
class TuningJob:
    """The search for one architecture on one part.

    Args:
        part: The part.
        entry: The architecture, with its training; the optimiser and curriculum of that do not count.
        out: The folder of the searches; the same job goes on with what is there.
        trials: How many recipes are tried.
        share: Of the part's steps that a trial trains for, in (0, 1].
    """

    part: Part
    entry: Entry
    out: Path
    trials: int = 8
    share: float = 0.25

    @property
    def name(self) -> str:
        """In tables."""
        return f"{self.part.name} {self.label} search"

    @property
    def label(self) -> str:
        """Of the architecture."""
        return self.part.comparison.label(self.entry.model)

    @property
    def after(self) -> tuple[str, ...]:
        """Nothing comes before it."""
        return ()

    @property
    def steps(self) -> int:
        """Optimiser steps of a trial."""
        return max(CHECKS, round(self.share * self._whole))

    @property
    def folder(self) -> Path:
        """Of the journal; a search by other trainings, or through another list of recipes, has another one."""
        ranges = [[kind.spec_name(), low, high] for kind, low, high in OPTIMISERS]
        return inside(self.out / "searches", digest([self.run(0).digest(), BEFORE_PRUNING, ranges]))

    def is_done(self) -> bool:
        """Whether all trials were made."""
        return len(self.made()) == self.trials

    def execute(self, threads: int) -> None:
        """Make the trials that are missing."""
        torch.set_num_threads(threads)
        runs = [self.run(number) for number in range(self.trials)]
        make_trials(
            self.folder,
            [(run, run_folder(self.out, run)) for run in runs],
            unpruned_steps=self.steps // 3,
            note=self._write,
        )

    def made(self) -> tuple[Trial, ...]:
        """The trials that were made so far, of those that this job asks for.

        Raises:
            DamagedFile: The file cannot be read.
        """
        path = self.folder / "search.json"
        if not path.is_file():
            return ()
        try:
            return tuple(Trial(**trial) for trial in read_json(path)["trials"])[: self.trials]
        except (KeyError, TypeError) as trouble:
            raise DamagedFile(path, f"no list of trials ({trouble})", "move it away and search again") from None

    def chosen(self) -> Trial | None:
        """The best of the trials that came to their end; none where none has.

        The recipe that every model has without a search gives way to clearly better ones only: on a plateau, where no
        trial learned anything, the least error is that of chance.
        """
        ended = [trial for trial in self.made() if trial.state == "complete" and trial.error is not None]
        best = min(ended, key=lambda trial: (trial.error, trial.number), default=None)
        without = next((trial for trial in ended if trial.number == 0), None)
        if best is None or without is None or best.error is None or without.error is None:
            return best
        return best if best.error < CLEARLY * without.error else without

    def stored(self) -> dict[str, Any] | None:
        """What a study keeps of a search; none where it is not over or nothing was found."""
        best, made = self.chosen(), self.made()
        if best is None or not self.is_done():
            return None
        training = self._recipe(best.number).training(self.entry.training, self.part.growing, self._whole).to_json()
        environment = read_json(run_folder(self.out, self.run(best.number)) / "environment.json")
        return {
            "training": {name: training[name] for name in ("optimiser", "curriculum")},
            "error": best.error,
            "error_without_search": made[0].error,
            "trials": {state: sum(trial.state == state for trial in made) for state in get_args(State)},
            "steps": self.steps,
            "task": self._task.short(),
            "model": self.entry.model.short(),
            "versions": {"commit": environment["commit"], **environment["packages"]},
        }

    def progress(self) -> Progress | None:
        """Trials so far, and the least error."""
        made, best = self.made(), self.chosen()
        if not made:
            return None
        note = f"trial {len(made)} of {self.trials}" + (f", least error {best.error:.3g}" if best else "")
        return Progress(len(made) / self.trials, sum(trial.seconds for trial in made), note)

    def estimate(self) -> float | None:
        """Seconds, from the trials so far; not known before the first."""
        made = self.made()
        return (self.trials - len(made)) * sum(trial.seconds for trial in made) / len(made) if made else None

    def run(self, number: int) -> RunSpec:
        """The training of a trial."""
        every, held = max(1, self.steps // CHECKS), self.entry.training
        base = held.replace(
            budget=Steps(amount=self.steps),
            warmup=min(held.warmup, self.steps // 5),
            held_out_interval=every,
            held_out_prompts=PROMPTS,
            checkpoint_interval=every,
        )
        training = self._recipe(number).training(base, self.part.growing, self.steps)
        return RunSpec(task=self._task, model=self.entry.model, training=training, seed=SEED)

    @property
    def _task(self) -> Task:
        return self.part.comparison.task

    @property
    def _whole(self) -> int:
        """Optimiser steps of the part's trainings."""
        return steps_of(self.entry.training)

    def _recipe(self, number: int) -> Recipe:
        return recipe(number, self.part.growing)

    def _write(self, ends: Mapping[int, End]) -> None:
        """Note the trials, errors in units of the zero predictor's."""
        unit = self._task.zero_error or 1.0
        trials = []
        for number, end in ends.items():
            tried = self._recipe(number)
            said = asdict(end) | {"error": None if end.error is None else end.error / unit}
            words = f"{tried.optimiser.spec_name()} at {tried.optimiser.rate:g}"
            trials.append(Trial(number=number, optimiser=words, curriculum=tried.ramped, **said))
        write_json(self.folder / "search.json", {"search": self.name, "trials": [asdict(trial) for trial in trials]})
