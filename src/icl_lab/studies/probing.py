"""Looking inside trained networks: into a folder with a page of its own, for `icl probe` and for the parts of studies.

A part that asks for it has, beside its rows, `probing/<model>/` with the rows and page of that model's trainings;
claims are about these rows as about all others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import torch

from icl_lab.core.errors import UserError
from icl_lab.core.files import inside
from icl_lab.core.records import write_records
from icl_lab.models.network import Network
from icl_lab.probing.examination.rows import Subject
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.probing.examination.whole import applies, examine
from icl_lab.published.probing import SOURCE
from icl_lab.report.data import Comparison
from icl_lab.report.probe_data import (
    PROBING,
    RECORDS,
    Looked,
    Probe,
    read_probe,
    write_probe,
)
from icl_lab.report.probe_page import write_probe_page
from icl_lab.studies.base import Part
from icl_lab.studies.jobs import trained_so_far
from icl_lab.studies.probing_published import published_rows
from icl_lab.sweep.base import Progress
from icl_lab.training.budgets.steps import Steps
from icl_lab.training.environment import describe_environment
from icl_lab.training.run import load_checkpoint, run_folder
from icl_lab.training.spec import RunSpec
from icl_lab.training.workers import Workers


@dataclass(frozen=True)
class Trained:
    """A trained network.

    Args:
        folder: Of its run.
        spec: Of its run.
        network: On the CPU, in evaluation mode.
        step: Optimiser steps it was trained for.
        label: What rows call it.
    """

    folder: Path
    spec: RunSpec
    network: Network
    step: int
    label: str


def load_trained(folder: Path, file: Path | None = None, label: str = "") -> Trained:
    """The network in a run's folder, as its newest checkpoint or a given one has it.

    Args:
        folder: Of the run.
        file: The checkpoint.
        label: What rows are to call it; the network's own label by default.

    Raises:
        UserError: There is no run, or no such checkpoint.
        DamagedFile: A file of the folder cannot be read.
    """
    spec, network, step = load_checkpoint(folder, file)
    return Trained(folder, spec, network, step, label or network.label)


def look_inside(trained: Sequence[Trained], spec: ProbeSpec, folder: Path, workers: Workers | None = None) -> Path:
    """Examine networks, the first in everything, the others in what is compared; write rows and page.

    Args:
        trained: Networks that were trained on one task.
        spec: How closely they are looked at.
        folder: Where `probe.json`, `records.jsonl`, `index.html` and `figures/` go.
        workers: For the description of the machine.

    Returns:
        The path of the page.

    Raises:
        UserError: They were trained on several tasks.
    """
    # The same network named twice, by its run and by its newest checkpoint, is one.
    trained = list({(one.spec.digest(), one.step, one.label): one for one in trained}.values())
    tasks = {one.spec.task.digest(): one.spec.task for one in trained}
    if len(tasks) != 1:
        raise UserError(f"probe: expected runs on one task, got {', '.join(task.short() for task in tasks.values())}")
    (task,) = tasks.values()
    less = spec.replace(probed=0, prompts=0)
    rows = [row for i, one in enumerate(trained) for row in examine(one.network, _subject(one), less if i else spec)]
    published = [*published_rows(task, spec)]
    write_records(folder / RECORDS, [*rows, *published])
    settings = {name: value for name, value in spec.to_json().items() if name != "shown"}
    probe = Probe(
        task=task.to_json(),
        metric=task.metric,
        zero_error=task.zero_error,
        networks=tuple(_looked(one) for one in trained),
        note=applies(task),
        settings={"shown": list(spec.shown_on(task.length)), **settings},
        measured=spec.measured_on(task.length),
        environment=describe_environment(workers or Workers()),
        published=SOURCE if published else "",
    )
    write_probe(folder, probe)
    return write_probe_page(folder)


def _subject(one: Trained) -> Subject:
    return Subject(one.spec.digest(), one.label, one.spec.task, one.spec.seed, one.step)


def _planned(spec: RunSpec) -> int:
    """Steps of a whole training; 0 where they follow from another budget."""
    budget = spec.training.budget
    return budget.amount if isinstance(budget, Steps) else 0


def _looked(one: Trained) -> Looked:
    return Looked(
        run=one.spec.digest(),
        label=one.label,
        seed=one.spec.seed,
        step=one.step,
        planned=_planned(one.spec),
        blocks=tuple(block.spec_name() for block in one.network.spec.backbone.pattern),
        spec=one.spec.to_json(),
    )


@dataclass(frozen=True)
class ProbingJob:
    """Looks inside the trainings of one model of a part.

    Args:
        name: Of the job.
        label: What the part calls the model.
        runs: The trainings, as many as are finished.
        spec: How closely they are looked at.
        folder: Where rows and page go.
        out: The folder that holds the trainings, as `run_folder` takes it.
        after: Names of the trainings.
    """

    name: str
    label: str
    runs: tuple[RunSpec, ...]
    spec: ProbeSpec
    folder: Path
    out: Path
    after: tuple[str, ...] = ()

    def is_done(self) -> bool:
        """Whether the folder holds these trainings, looked at as closely and in the same way."""
        try:
            held = read_probe(self.folder)
        except UserError:
            return False
        same = all(held.measured == self.spec.measured_on(run.task.length) for run in self.runs)
        return same and {run.digest() for run in self.runs} <= {one.run for one in held.networks}

    def execute(self, threads: int) -> None:
        """Look inside, write rows and page."""
        torch.set_num_threads(threads)
        trained = [load_trained(run_folder(self.out, run), label=self.label) for run in self.runs]
        look_inside(trained, self.spec, self.folder)

    def progress(self) -> Progress | None:
        """Nothing is known before it is done."""
        return None

    def estimate(self) -> float | None:
        """Not known."""
        return None


def probing_jobs(parts: Sequence[Part], out: Path, runs: Path) -> tuple[ProbingJob, ...]:
    """A job for each model of each part that asks for it, as far as it is trained."""
    found = []
    for part in parts:
        trained = trained_so_far(part.comparison, runs) if part.probe is not None else None
        if trained is None or part.probe is None:
            continue
        by_model: dict[str, list[RunSpec]] = {}
        for run in trained.runs():
            by_model.setdefault(part.comparison.label(run.model), []).append(run)
        for label, specs in by_model.items():
            folder = inside(out / part.name / PROBING, label)
            job = ProbingJob(f"{part.name} {label} probing", label, tuple(specs), part.probe, folder, runs)
            if not job.is_done():
                found.append(job)
    return tuple(found)


def with_probing(comparison: Comparison, folder: Path) -> Comparison:
    """The rows of a part with those of what was found inside its models, where something was."""
    held = sorted(path.parent for path in (folder / PROBING).glob(f"*/{RECORDS}"))
    frames = [_about_networks(read_probe(path)) for path in held]
    return replace(comparison, records=pl.concat([comparison.records, *frames])) if frames else comparison


def _about_networks(probe: Probe) -> pl.DataFrame:
    """Its rows without published ones and those of methods, which every model's folder repeats."""
    return probe.records.filter(pl.col("run").is_in([one.run for one in probe.networks]))
