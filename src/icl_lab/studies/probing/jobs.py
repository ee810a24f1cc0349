"""What a study has to look into: the trainings of the parts that ask for it, a folder for each of their models.

Such a part has, beside its rows, `probing/<model>/` with the rows and page of that model's trainings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from icl_lab.core.errors import UserError
from icl_lab.core.files import inside
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.report.probe.data import PROBING, Probe, read_probe
from icl_lab.studies.base import Part
from icl_lab.studies.probing.look import look_inside
from icl_lab.studies.probing.trained import load_trained
from icl_lab.studies.running.jobs import is_trained, measured_runs, trained_so_far
from icl_lab.sweep.base import Progress
from icl_lab.training.run import run_folder
from icl_lab.training.spec import RunSpec


@dataclass(frozen=True)
class ProbingJob:
    """Looks inside the trainings of one model of a part.

    Args:
        name: Of the job.
        label: What the part calls the model.
        runs: The trainings that are here, as many as are finished.
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
        held = self._held()
        return held is not None and {run.digest() for run in self.runs} <= {one.run for one in held.networks}

    def loses(self) -> bool:
        """Whether the folder holds trainings that are gone and were looked at otherwise: it stays as it is then."""
        try:
            held = {one.run for one in read_probe(self.folder).networks}
        except UserError:
            return False
        return self._held() is None and bool(held - {run.digest() for run in self.runs})

    def execute(self, threads: int) -> None:
        """Look inside, write rows and page; what the folder holds of other trainings is kept."""
        torch.set_num_threads(threads)
        trained = [load_trained(run_folder(self.out, run), label=self.label) for run in self.runs]
        look_inside(trained, self.spec, self.folder, beside=self._held())

    def _held(self) -> Probe | None:
        """What the folder holds of this model, where that was looked at as closely and in the same way."""
        try:
            held = read_probe(self.folder)
        except UserError:
            return None
        return held if all(held.measured == self.spec.measured_on(run.task.length) for run in self.runs) else None

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
        if part.probe is None:
            continue
        by_model: dict[str, list[RunSpec]] = {}
        for run in _finished_here(part, out, runs):
            by_model.setdefault(part.comparison.label(run.model), []).append(run)
        for label, specs in by_model.items():
            folder = inside(out / part.name / PROBING, label)
            job = ProbingJob(f"{part.name} {label} probing", label, tuple(specs), part.probe, folder, runs)
            if not job.is_done() and not job.loses():
                found.append(job)
    return tuple(found)


def _finished_here(part: Part, out: Path, runs: Path) -> list[RunSpec]:
    """The trainings of a part that can be looked into; those of which rows are all that is left cannot."""
    trained = trained_so_far(part.comparison, runs, measured_runs(out / part.name))
    return [run for run in trained.runs() if is_trained(run, runs)] if trained else []
